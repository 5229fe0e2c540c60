// The bubbles: one message of the bot or of the resident as an element.

import { fileOf } from "./keep.js";
import { Player } from "./player.js";
import { clock, day, label, t } from "./words.js";

export function make(tag, name = "", text = "") {
  const element = document.createElement(tag);
  if (name) element.className = name;
  if (text) element.textContent = text;
  return element;
}

export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  svg.setAttribute("aria-hidden", "true");
  use.setAttribute("href", "#i-" + name);
  svg.append(use);
  return svg;
}

export function dayLine(at) {
  return make("p", "day", day(at));
}

// One message of the bot. `acts` says what pressing does: `choose(button)`, `open()` for a list,
// `place()`; `chosen(button)` says what was pressed before.
export function saidByBot(row, acts) {
  const entry = make("div", "entry bot");
  entry.dataset.id = row.id;
  const bubble = make("div", "bubble");
  bubble.dir = row.direction;
  if (row.language) bubble.lang = row.language;
  bubble.append(make("span", "unseen", "Buurtstem: "), ...botText(row));
  if (row.audio) bubble.append(soundOf(row, entry));
  bubble.append(foot(row.at, row.secret && row.text ? secretMark() : null));
  entry.append(bubble, ...answers(row, acts));
  return entry;
}

function botText(row) {
  if (row.text) return [words(row.text, row.direction)];
  if (!row.secret) return [];
  const gone = make("p", "text gone", t("gone"));
  gone.prepend(icon("lock"));
  return [gone];
}

function words(text, direction) {
  const paragraph = make("p", "text");
  paragraph.dir = direction;
  for (const part of text.split(/(https?:\/\/[^\s<>"]*[^\s<>".,;:!?)])/)) {
    paragraph.append(/^https?:\/\//.test(part) ? link(part) : part);
  }
  return paragraph;
}

function link(url) {
  const anchor = make("a", "", url);
  Object.assign(anchor, { href: url, target: "_blank", rel: "noopener noreferrer", dir: "ltr" });
  return anchor;
}

function soundOf(row, entry) {
  const player = new Player(async () => {
    const response = await fetch(row.audio);
    if (!response.ok) throw new Error("sound");
    return response.blob();
  });
  player.element.setAttribute("role", "group");
  label(player.element, t("sound"));
  entry.player = player;
  return player.element;
}

function secretMark() {
  const mark = make("span", "secret", t("secret"));
  mark.prepend(icon("lock"));
  return mark;
}

function foot(at, ...marks) {
  const line = make("p", "foot");
  const time = make("time", "", clock(at));
  time.dateTime = at;
  line.append(...marks.filter(Boolean), time);
  return line;
}

function answers(row, acts) {
  const shown = [];
  const choices = row.style === "buttons" ? row.buttons : [];
  shown.push(...choices.map((button) => choice(button, acts)));
  if (row.style === "list") shown.push(opener(row, acts));
  if (row.asks_location) shown.push(act("pin", t("sendPlace"), () => acts.place()));
  if (!shown.length) return [];
  const group = make("div", "answers");
  group.dir = row.direction;
  group.append(...shown);
  return [group];
}

function choice(button, acts) {
  const element = make("button", "answer", button.label);
  element.type = "button";
  element.dataset.choice = button.id;
  element.dir = "auto";
  const mark = () => element.classList.toggle("chosen", acts.chosen(button));
  element.addEventListener("click", () => {
    acts.choose(button);
    mark();
  });
  mark();
  return element;
}

function opener(row, acts) {
  const element = act(row.opens ? "" : "list", row.opens || t("choose"), () => acts.open());
  element.setAttribute("aria-haspopup", "dialog");
  return element;
}

function act(sign, text, does) {
  const element = make("button", "answer");
  element.type = "button";
  element.append(...(sign ? [icon(sign)] : []), make("span", "", text));
  element.addEventListener("click", does);
  return element;
}

// One message of the resident. `retry()` sends what was not sent once more.
export function saidByResident(item, name, retry) {
  const entry = make("div", "entry own");
  entry.dataset.id = item.id;
  const bubble = make("div", "bubble");
  bubble.dataset.kind = item.kind;
  const state = make("span", "state");
  bubble.append(make("span", "unseen", name + ": "), ownContent(item), foot(item.at, state));
  entry.append(bubble);
  showState(entry, item, retry);
  return entry;
}

function ownContent(item) {
  const hidden = item.secret && !item.content && !["voice", "photo"].includes(item.kind);
  if (hidden) return botText({ text: "", secret: true })[0];
  return CONTENTS[item.kind](item);
}

const CONTENTS = {
  text: ownText,
  choice: ownText,
  voice: ownVoice,
  photo: ownPhoto,
  location: ownPlace,
};

function ownText(item) {
  const paragraph = make("p", "text", item.label || item.content);
  paragraph.dir = "auto";
  return paragraph;
}

function ownVoice(item) {
  const player = new Player(async () => {
    const file = await fileOf(item.id);
    if (!file) throw new Error("gone");
    return file;
  }, item.seconds);
  player.element.setAttribute("role", "group");
  label(player.element, t("voiceNote"));
  return player.element;
}

function ownPhoto(item) {
  const image = make("img");
  image.alt = t("aPhoto");
  fileOf(item.id).then((file) => file && (image.src = URL.createObjectURL(file)));
  return image;
}

function ownPlace(item) {
  const place = make("div", "map");
  const [lat, lng] = item.content.split(",");
  place.append(icon("pin"));
  const text = make("p", "text", item.label || t("aPlace"));
  const numbers = make("p", "numbers", `${lat}, ${lng}`);
  numbers.dir = "ltr";
  const box = document.createDocumentFragment();
  box.append(place, text, numbers);
  return box;
}

const SIGNS = { sending: "◔", sent: "✓", unsent: "!", refused: "!" };

// Shows how far the resident's own message has come.
export function showState(entry, item, retry) {
  const state = entry.querySelector(".state");
  state.textContent = SIGNS[item.state];
  state.title = t({ refused: "refused", unsent: "unsent" }[item.state] ?? item.state);
  state.setAttribute("role", "img");
  state.setAttribute("aria-label", state.title);
  entry.dataset.state = item.state;
  entry.querySelector(".problem")?.remove();
  if (item.state === "unsent") entry.append(problem(t("unsent"), retry));
  if (item.state === "refused") entry.append(problem(t(item.code)));
}

function problem(text, retry) {
  const line = make("p", "problem", text);
  if (!retry) return line;
  const button = make("button", "retry", t("retry"));
  button.type = "button";
  button.prepend(icon("again"));
  button.addEventListener("click", retry);
  line.append(button);
  return line;
}
