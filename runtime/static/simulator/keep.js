// What this browser remembers: the phones, what the residents sent, and their recordings and
// photos. What the bot said is the server's to keep. A browser that keeps nothing works too.

const PREFIX = "buurtstem.";

export function load(name, otherwise) {
  try {
    return JSON.parse(localStorage.getItem(PREFIX + name)) ?? otherwise;
  } catch {
    return otherwise;
  }
}

export function save(name, value) {
  try {
    localStorage.setItem(PREFIX + name, JSON.stringify(value));
  } catch {
    // full or forbidden: the page goes on, it only forgets at a reload
  }
}

export function forget(name) {
  try {
    localStorage.removeItem(PREFIX + name);
  } catch {
    // it was never kept
  }
}

const memory = new Map();
let opened = null;

// `lasting` is false for what must be gone when the page is closed.
export async function keepFile(id, blob, lasting) {
  memory.set(id, blob);
  if (lasting) await inFiles("readwrite", (files) => files.put(blob, id));
}

export async function fileOf(id) {
  return memory.get(id) ?? (await inFiles("readonly", (files) => files.get(id)));
}

export async function forgetFiles(ids) {
  for (const id of ids) memory.delete(id);
  await inFiles("readwrite", (files) => ids.map((id) => files.delete(id)).at(-1));
}

async function inFiles(mode, act) {
  try {
    const database = await (opened ??= open());
    const request = act(database.transaction("files", mode).objectStore("files"));
    return request && (await finished(request));
  } catch {
    return undefined;
  }
}

function open() {
  const request = indexedDB.open(PREFIX + "files", 1);
  request.onupgradeneeded = () => request.result.createObjectStore("files");
  return finished(request);
}

function finished(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
