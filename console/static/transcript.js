// Puts right what was heard, word by word, while listening. Without this file the page is a sound
// and a text area, which do the same.
//
// Nobody tells us when each word was said, so it is reckoned: the sounds of the recording (what
// is not silence) are shared out over the letters. That is good enough to find a sentence back;
// so it is the sentence that is lit up, and a word is where the sound starts from.

const part = document.getElementById("player");
const sound = document.getElementById("sound");
const strip = document.getElementById("words");
const area = document.getElementById("f-text");
const buttons = Object.fromEntries(
  [...part.querySelectorAll("[data-do]")].map((each) => [each.dataset.do, each]),
);
const BACK = 3; // seconds
let words = []; // {text, before, sentence, start, button}
let current = 0;
let lit = -1;
let loud = null; // the parts of the recording with sound in them: [start, end] in seconds

// --- the words, as buttons

function draw() {
  const pieces = [...area.value.matchAll(/\S+/g)];
  let end = 0;
  let sentence = 0;
  words = pieces.map((piece) => {
    const word = { text: piece[0], before: area.value.slice(end, piece.index), sentence };
    end = piece.index + piece[0].length;
    if (/[.!?؟…]["'”’)]*$/.test(piece[0])) sentence += 1;
    return word;
  });
  words.tail = area.value.slice(end);
  strip.replaceChildren();
  for (const [n, word] of words.entries()) {
    word.button = document.createElement("button");
    word.button.type = "button";
    word.button.className = "word";
    word.button.textContent = word.text;
    word.button.addEventListener("click", () => choose(n, true));
    strip.append(word.before.includes("\n") ? "\n" : n ? " " : "", word.button);
  }
  current = Math.min(current, Math.max(0, words.length - 1));
  reckon();
  mark();
}

function mark() {
  for (const [n, word] of words.entries()) word.button.tabIndex = n === current ? 0 : -1;
}

function choose(n, seek) {
  if (!words.length) return;
  current = Math.max(0, Math.min(n, words.length - 1));
  mark();
  words[current].button.focus();
  if (seek && Number.isFinite(words[current].start)) sound.currentTime = words[current].start;
}

function write() {
  area.value = words.map((word) => word.before + word.text).join("") + (words.tail ?? "");
}

function edit() {
  const word = words[current];
  if (!word) return;
  const field = document.createElement("input");
  field.className = "word";
  field.value = word.text;
  field.size = Math.max(4, word.text.length + 1);
  field.dir = "auto";
  field.lang = strip.lang;
  field.setAttribute("aria-label", part.dataset.edit);
  let ended = false;
  const end = (keep, onwards) => {
    if (ended) return;
    ended = true;
    const typed = field.value.trim();
    if (keep && typed !== word.text) {
      word.text = typed;
      if (!typed) word.before = "";
      write();
      const n = current;
      draw();
      current = Math.min(n, Math.max(0, words.length - 1));
    } else field.replaceWith(word.button);
    mark();
    if (onwards !== null) choose(current + (onwards && typed ? 1 : 0), false);
  };
  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter") {
      event.preventDefault(); // the form is not ready yet
      end(true, true);
    } else if (event.key === "Escape") end(false, false);
    event.stopPropagation();
    if (event.altKey) by_key(event);
  });
  field.addEventListener("blur", () => end(true, null));
  word.button.replaceWith(field);
  field.focus();
  field.select();
}

// --- when each word was said, about

function reckon() {
  const length = Number.isFinite(sound.duration) ? sound.duration : 0;
  const parts = loud?.length ? loud : [[0, length]];
  const total = parts.reduce((sum, [from, to]) => sum + to - from, 0);
  const letters = words.reduce((sum, word) => sum + word.text.length + 1, 0) || 1;
  let said = 0;
  for (const word of words) {
    word.start = length ? moment(parts, (said / letters) * total) : NaN;
    said += word.text.length + 1;
  }
}

function moment(parts, seconds) {
  for (const [from, to] of parts) {
    if (seconds <= to - from) return from + seconds;
    seconds -= to - from;
  }
  return parts.at(-1)[1];
}

async function listen() {
  try {
    const answer = await fetch(sound.src);
    const context = new OfflineAudioContext(1, 1, 16000);
    const samples = (await context.decodeAudioData(await answer.arrayBuffer())).getChannelData(0);
    loud = loud_parts(samples, 16000);
    reckon();
  } catch {
    // a browser that cannot open this kind of file plays it all the same
  }
}

function loud_parts(samples, rate) {
  const step = rate / 20; // a twentieth of a second
  const powers = [];
  for (let at = 0; at + step <= samples.length; at += step) {
    let sum = 0;
    for (let n = at; n < at + step; n += 1) sum += samples[n] * samples[n];
    powers.push(Math.sqrt(sum / step));
  }
  const least = Math.max(...powers, 0) * 0.06;
  const parts = [];
  for (const [n, power] of powers.entries()) {
    if (power < least) continue;
    const from = n / 20;
    const last = parts.at(-1);
    if (last && from - last[1] < 0.2) last[1] = from + 0.05;
    else parts.push([from, from + 0.05]);
  }
  return parts;
}

function light() {
  const now = sound.currentTime + 0.01;
  const at = words.findLastIndex((word) => word.start <= now);
  const sentence = at < 0 ? -1 : words[at].sentence;
  if (sentence === lit) return;
  lit = sentence;
  for (const word of words) word.button.classList.toggle("now", word.sentence === lit);
}

// --- what can be done, by button or key

const acts = {
  play: () => (sound.paused ? sound.play() : sound.pause()),
  back: () => (sound.currentTime = Math.max(0, sound.currentTime - BACK)),
  slow: () => {
    const slow = sound.playbackRate === 1;
    sound.playbackRate = slow ? Number(part.dataset.rate) : 1;
    sound.preservesPitch = true;
    buttons.slow.setAttribute("aria-pressed", String(slow));
  },
  next: () => choose(current + 1, sound.paused),
};

function by_key(event) {
  const act = { KeyK: "play", KeyJ: "back", KeyL: "slow" }[event.code];
  if (!act || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  acts[act]();
}

strip.addEventListener("keydown", (event) => {
  const onwards = getComputedStyle(strip).direction === "rtl" ? "ArrowLeft" : "ArrowRight";
  const backwards = onwards === "ArrowLeft" ? "ArrowRight" : "ArrowLeft";
  if (event.key === onwards) choose(current + 1, sound.paused);
  else if (event.key === backwards) choose(current - 1, sound.paused);
  else if (event.key === "Home") choose(0, sound.paused);
  else if (event.key === "End") choose(words.length - 1, sound.paused);
  else if (event.key === "Enter" || event.key === "F2") edit();
  else return event.altKey ? undefined : by_key(event);
  return event.preventDefault();
});
strip.addEventListener("dblclick", edit);
document.addEventListener("keydown", (event) => event.altKey && by_key(event));
for (const [name, button] of Object.entries(buttons)) button.addEventListener("click", acts[name]);
for (const kind of ["play", "pause", "ended"]) {
  sound.addEventListener(kind, () => {
    buttons.play.textContent = sound.paused ? part.dataset.play : part.dataset.pause;
  });
}
sound.addEventListener("timeupdate", light);
sound.addEventListener("loadedmetadata", reckon);
area.addEventListener("input", draw);
part.hidden = false;
draw();
listen();
