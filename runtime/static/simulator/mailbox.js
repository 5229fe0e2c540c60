// Talks with the server: sends one message, and listens for all phones over one connection.

const MESSAGES = "/simulator/api/messages";
const FIRST_PAUSE = 1000; // ms
const LONGEST_PAUSE = 8000; // ms

// The server will never take this message; `code` is a key of our words, or "refused".
export class Refused extends Error {
  constructor(code) {
    super(code);
    this.code = code;
  }
}

// Sends one message of a resident. The same id twice is one message. Fails with Refused for
// good, and with any other error when it may be tried again.
export async function post(who, item, file) {
  const fields = { as: who.as, channel: who.channel, hint: who.hint, id: item.id };
  const what = file ? withFile(fields, item, file) : plain(fields, item);
  const response = await fetch(MESSAGES, { method: "POST", ...what });
  if (response.ok) return response.json();
  if (response.status >= 500) throw new Error("server");
  const { error } = await response.json().catch(() => ({}));
  throw new Refused(["too_big", "too_long"].includes(error) ? error : "refused");
}

// As JSON, because a form would change the ends of the lines.
function plain(fields, item) {
  const body = JSON.stringify({ ...fields, [item.kind]: item.content });
  return { body, headers: { "Content-Type": "application/json" } };
}

function withFile(fields, item, file) {
  const body = new FormData();
  for (const [name, value] of Object.entries(fields)) body.set(name, value);
  if (item.seconds) body.set("seconds", item.seconds);
  body.set(item.kind, file, item.kind);
  return { body };
}

// All that the bot has said to this resident, oldest first.
export async function history(who) {
  const said = [];
  for (;;) {
    const rows = await get([{ who, last: said.at(-1)?.id ?? 0 }], 0);
    if (!rows.length) return said;
    said.push(...rows);
  }
}

async function get(phones, wait, signal) {
  const query = new URLSearchParams({ wait });
  for (const { who, last } of phones) {
    query.append("as", who.as);
    query.append("channel", who.channel);
    query.append("after", last);
  }
  const response = await fetch(`${MESSAGES}?${query}`, { signal });
  if (!response.ok) throw new Error("server");
  return response.json();
}

// Listens for as long as the page is looked at. `phones()` are those that are ready, `heard`
// gets each new row, and `connected` is told whenever the connection is lost or found again.
export class Listener {
  constructor(phones, heard, connected) {
    Object.assign(this, { phones, heard, connected, online: false, pause: FIRST_PAUSE });
    this.wake = () => {};
    document.addEventListener("visibilitychange", () => this.restart());
    addEventListener("online", () => this.restart());
  }

  // As if the connection was just found: there is a phone whose history we do not have yet.
  renew() {
    this.online = false;
    this.restart();
  }

  // Other phones, or another moment: the open question to the server no longer fits.
  restart() {
    this.controller?.abort();
    this.wake();
  }

  async listen() {
    for (;;) {
      const phones = this.phones();
      if (document.hidden || !phones.length) await this.rest();
      else await this.ask(phones);
    }
  }

  async ask(phones) {
    this.controller = new AbortController();
    try {
      const wait = this.online ? 25 : 0;
      const rows = await get(phones, wait, this.controller.signal);
      await this.tell(true);
      rows.forEach(this.heard);
    } catch (error) {
      if (error.name === "AbortError") return;
      await this.tell(false);
      await this.rest(this.pause);
      this.pause = Math.min(2 * this.pause, LONGEST_PAUSE);
    }
  }

  async tell(online) {
    if (online) this.pause = FIRST_PAUSE;
    const news = online !== this.online || !online;
    this.online = online;
    if (news) await this.connected(online);
  }

  // Until somebody wakes us, or `milliseconds` have passed.
  rest(milliseconds) {
    return new Promise((resolve) => {
      this.wake = resolve;
      if (milliseconds) setTimeout(resolve, milliseconds);
    });
  }
}
