// One resident's phone: the conversation, and what is still to be sent.

import { Call } from "./call.js";
import { Composer } from "./composer.js";
import { openList, openPlace } from "./dialogs.js";
import { dayLine, saidByBot, saidByResident, showState } from "./entries.js";
import { forget, forgetFiles, keepFile, fileOf, load, save } from "./keep.js";
import { Refused, history, post } from "./mailbox.js";
import { hush } from "./player.js";
import { GREETINGS, day, label, t, translate } from "./words.js";

const LARGEST_FILE = 24_900_000; // bytes; the server takes 25 MB with what is around it
const MOST_KEPT = 500; // messages
const LONGEST_TYPING = 30_000; // ms
const template = document.getElementById("station-template");

export class Phone {
  // `who` is {as, name, channel, hint}; `heard(phone)` is called for each new message of the bot.
  constructor(who, heard) {
    Object.assign(this, { who, heard, said: [], last: 0, restored: false, online: true });
    this.key = `own.${who.channel}:${who.as}`;
    this.own = load(this.key, []).filter(canBeShown);
    this.element = template.content.firstElementChild.cloneNode(true);
    this.element.classList.add("channel-" + who.channel);
    this.log = this.part(".entries");
    this.composer = new Composer(this.part(".composer"), who.channel, this);
    this.part(".start").addEventListener("click", () => this.say(this.greeting));
    if (this.calls) this.line = new Call(who, newId);
    if (this.line) this.part(".screen").append(this.line.element);
    this.words();
  }

  part(selector) {
    return this.element.querySelector(selector);
  }

  get greeting() {
    return GREETINGS[this.who.hint] ?? GREETINGS.nl;
  }

  get calls() {
    return this.who.channel === "phone";
  }

  // Everything again, in the page's present language.
  words() {
    const { name, channel, hint } = this.who;
    translate(this.element);
    label(this.element, t("phoneOf", { name }));
    this.part(".face").textContent = [...name][0].toUpperCase();
    this.part(".face").classList.add(`face-${face(this.who.as)}`);
    this.part("h2").textContent = name;
    this.part(".channel").textContent = t(channel);
    this.part(".hint").textContent = hint;
    this.part(".hello p").textContent = t(this.calls ? "helloPhone" : "hello");
    this.part(".start").textContent = this.calls ? t("call") : this.greeting;
    this.composer.words();
    this.line?.show();
    this.presence();
    this.redraw();
  }

  // What was said before, or since the connection was lost.
  async restore() {
    const rows = await history(this.who);
    const newest = rows.at(-1)?.id ?? 0;
    if (this.restored && newest >= this.last) {
      rows.forEach((row) => this.receive(row));
    } else {
      this.begin(rows, newest);
    }
    this.flush();
  }

  // Who has seen more than the server knows of saw it in a database that is gone.
  begin(rows, newest) {
    if (this.own.some((item) => item.seen > newest)) this.own = [];
    Object.assign(this, { said: rows, last: newest, restored: true });
    this.keep();
    this.redraw();
  }

  redraw() {
    const all = [
      ...this.said.map((row) => ({ at: row.id, row })),
      ...this.own.map((item) => ({ at: item.seen + 0.5, item })),
    ].sort((a, b) => a.at - b.at); // the order in which it was seen here, whatever the clocks say
    this.quietly();
    this.day = "";
    this.log.replaceChildren();
    for (const { row, item } of all) {
      this.add(row ?? item, row ? this.botEntry(row) : this.ownEntry(item));
    }
    this.part(".hello").hidden = all.length > 0;
    this.toEnd();
  }

  // What is only shown again is not read aloud again.
  quietly() {
    const scroll = this.part(".scroll");
    scroll.setAttribute("aria-live", "off");
    clearTimeout(this.quiet);
    this.quiet = setTimeout(() => scroll.setAttribute("aria-live", "polite"), 500);
  }

  add(message, entry) {
    const today = day(message.at);
    if (today !== this.day) this.log.append(dayLine(message.at));
    this.day = today;
    if (entry.querySelector(".answers")) {
      this.log.querySelectorAll(".answers").forEach((old) => old.classList.add("past"));
    }
    this.log.append(entry);
    this.part(".hello").hidden = true;
  }

  botEntry(row) {
    const chosen = ({ id }) => this.own.some((item) => item.row === row.id && item.content === id);
    const choose = ({ id, label: words }) =>
      this.send({ kind: "choice", content: id, label: words, row: row.id });
    const open = () => openList(row, this.part(".screen"), chosen, choose);
    return saidByBot(row, { chosen, choose, open, place: () => this.sendPlace() });
  }

  ownEntry(item) {
    return saidByResident(item, this.who.name, () => this.flush());
  }

  receive(row) {
    if (row.id <= this.last) return;
    const atEnd = this.atEnd;
    const entry = this.botEntry(row);
    this.last = row.id;
    this.said.push(row);
    this.typing(false);
    this.add(row, entry);
    if (atEnd) this.toEnd();
    if (this.calls && entry.player) this.playNext(entry.player);
    this.heard(this);
  }

  // On a call everything is heard, one after the other, until the caller answers.
  playNext(player) {
    const call = (this.call ??= {});
    this.turn = (this.turn ?? Promise.resolve())
      .then(() => call === this.call && player.start())
      .catch(() => {}); // a browser that plays nothing by itself still has the play button
  }

  say(text) {
    return this.send({ kind: "text", content: text });
  }

  sendPlace() {
    openPlace(this.part(".screen"), (content, name) =>
      this.send({ kind: "location", content, label: name }),
    );
  }

  // Sends what the resident says: `kind`, and `content` or a `file`.
  async send({ file, ...what }) {
    const secret = Boolean(this.said.at(-1)?.secret);
    const at = new Date().toISOString();
    const item = { id: newId(), at, seen: this.last, state: "sending", secret, ...what };
    if (this.calls) this.call = hush();
    if (file?.size > LARGEST_FILE) Object.assign(item, { state: "refused", code: "too_big" });
    const stored = file && keepFile(item.id, file, !secret);
    this.own.push(item);
    this.add(item, this.ownEntry(item));
    this.toEnd();
    await stored;
    this.keep();
    await this.flush();
  }

  // Sends what waits, in order; what fails stays, and so does all that comes after it.
  async flush() {
    if (!this.restored && !this.online) this.unsent();
    if (this.flushing || !this.restored) return;
    this.flushing = true;
    for (let item; (item = this.own.find(isWaiting)); ) {
      if (!(await this.deliver(item))) break;
    }
    this.flushing = false;
    this.keep();
  }

  async deliver(item) {
    const seen = this.last;
    this.mark(item, { state: "sending" });
    try {
      const file = ["voice", "photo"].includes(item.kind) ? await fileOf(item.id) : null;
      const { at } = await post(this.who, item, file);
      this.mark(item, { state: "sent", at });
      if (this.last === seen) this.typing(true);
      return true;
    } catch (error) {
      if (error instanceof Refused) return this.mark(item, { state: "refused", code: error.code });
      return this.unsent();
    }
  }

  unsent() {
    this.own.filter(isWaiting).forEach((item) => this.mark(item, { state: "unsent" }));
    return false;
  }

  mark(item, change) {
    Object.assign(item, change);
    const entry = this.log.querySelector(`.own[data-id="${item.id}"]`);
    if (entry) showState(entry, item, () => this.flush());
    return true;
  }

  // What answers a secret question is not kept here either.
  keep() {
    const kept = this.own.filter((item) => item.state !== "refused").slice(-MOST_KEPT);
    save(this.key, kept.map((item) => (item.secret ? { ...item, content: "", label: "" } : item)));
  }

  forget() {
    this.composer.recording?.cancel();
    if (this.line?.id) this.line.hangUp();
    forget(this.key);
    return forgetFiles(this.own.map((item) => item.id));
  }

  typing(on) {
    clearTimeout(this.typingTimer);
    const atEnd = this.atEnd;
    this.part(".typing").hidden = !on;
    this.presence();
    if (on) this.typingTimer = setTimeout(() => this.typing(false), LONGEST_TYPING);
    if (atEnd) this.toEnd();
  }

  connected(online) {
    this.online = online;
    if (!online) this.typing(false);
    if (!online && !this.restored) this.unsent();
    this.presence();
  }

  presence() {
    const typing = !this.part(".typing").hidden;
    this.part(".presence").textContent = t(this.online ? (typing ? "typing" : "ready") : "offline");
    this.element.classList.toggle("offline", !this.online);
  }

  get atEnd() {
    return this.part(".scroll").scrollTop > -120; // counted from the end, see the style sheet
  }

  toEnd() {
    this.part(".scroll").scrollTop = 0;
  }
}

// One of six colours, always the same for the same resident.
function face(as) {
  return [...as].reduce((sum, letter) => sum + letter.codePointAt(0), 0) % 6;
}

// What answered a secret question and was not sent before the page was closed is gone.
function canBeShown(item) {
  return item.state === "sent" || item.content || !item.secret;
}

function isWaiting(item) {
  return item.state === "sending" || item.state === "unsent";
}

// randomUUID exists on safe origins only, and a phone may look at this page over plain http.
function newId() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}
