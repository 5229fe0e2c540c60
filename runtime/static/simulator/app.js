// The page: who takes part, in which language and light, and the connection for all of them.

import { areYouSure } from "./dialogs.js";
import { make } from "./entries.js";
import { load, save } from "./keep.js";
import { Listener } from "./mailbox.js";
import { Phone } from "./phone.js";
import { CHANNELS, label, speak, t, translate } from "./words.js";

const AS = /^[A-Za-z0-9_-]{1,40}$/;
const MOST_PHONES = 12; // fewer than the server listens for at once

const phones = [];
const main = document.getElementById("phones");
const tabs = document.querySelector(".tabs");
const dialog = document.getElementById("resident");
const settings = load("settings", { language: "nl", theme: "" });
const listener = new Listener(() => phones, heard, connected);
const oneAtATime = matchMedia("(max-width: 719px)"); // as in the style sheets
let current = null;

function heard(row) {
  phones.find(({ who }) => who.as === row.as && who.channel === row.channel)?.receive(row);
}

async function connected(online) {
  phones.forEach((phone) => phone.connected(online));
  if (online) await Promise.all(phones.map((phone) => phone.restore()));
}

// ---- the phones

function put(who, before = null) {
  const phone = new Phone(who, unread);
  phones.splice(before ? phones.indexOf(before) : phones.length, 0, phone);
  main.insertBefore(phone.element, before?.element ?? null);
  phone.part(".remove").addEventListener("click", () => remove(phone));
  phone.part(".again").addEventListener("click", () => again(phone));
  show(phone);
  listener.renew();
  return phone;
}

function take(phone) {
  phones.splice(phones.indexOf(phone), 1);
  phone.element.remove();
  show(phones.includes(current) ? current : (phones[0] ?? null));
  listener.restart();
  return phone.forget();
}

async function remove(phone) {
  if (await areYouSure("remove", phone.who.name)) take(phone);
}

async function again(phone) {
  if (!(await areYouSure("again", phone.who.name))) return;
  show(put({ ...phone.who, as: newAs(phone.who.name) }, phone));
  take(phone);
}

// An id that nobody else has: two people who try this at once are two residents.
function newAs(name) {
  const letters = name.normalize("NFKD").replace(/[^A-Za-z0-9]/g, "").toLowerCase().slice(0, 24);
  const random = crypto.getRandomValues(new Uint32Array(1))[0].toString(36).slice(0, 6);
  return `${letters || "resident"}-${random}`;
}

function show(phone) {
  current = phone;
  if (phone) phone.unread = 0;
  phones.forEach((each) => each.element.classList.toggle("current", each === phone));
  main.dataset.empty = phones.length ? "" : t("empty");
  document.querySelector(".add").disabled = phones.length >= MOST_PHONES;
  drawTabs();
  save("phones", phones.map(({ who }) => who));
  phone?.toEnd();
}

function unread(phone) {
  if (phone === current || !oneAtATime.matches) return;
  phone.unread = (phone.unread ?? 0) + 1;
  drawTabs();
}

function drawTabs() {
  tabs.replaceChildren(
    ...phones.map((phone) => {
      const tab = make("button", "tab", phone.who.name);
      tab.type = "button";
      if (phone === current) tab.setAttribute("aria-current", "true");
      if (phone.unread) tab.append(newMark(phone.unread));
      tab.addEventListener("click", () => {
        show(phone);
        tabs.querySelector("[aria-current]").focus();
      });
      return tab;
    }),
  );
}

function newMark(n) {
  const mark = make("span", "count", String(n));
  label(mark, t("unread", { n }));
  mark.setAttribute("role", "img");
  return mark;
}

// ---- the dialog for one more resident

function drawChannels() {
  const checked = dialog.querySelector("[name=channel]:checked")?.value ?? CHANNELS[0];
  dialog.querySelector(".picks").replaceChildren(
    ...CHANNELS.map((channel) => {
      const choice = make("label", "pick");
      const input = make("input");
      Object.assign(input, { type: "radio", name: "channel", value: channel });
      input.checked = channel === checked;
      choice.append(input, make("span", "", t(channel)));
      return choice;
    }),
  );
}

document.querySelector(".add").addEventListener("click", () => {
  dialog.querySelector("form").reset();
  drawChannels();
  dialog.returnValue = "";
  dialog.showModal();
});
dialog.querySelector(".cancel").addEventListener("click", () => dialog.close());
dialog.addEventListener("close", () => {
  if (dialog.returnValue !== "add") return;
  const { name, channel, hint } = Object.fromEntries(new FormData(dialog.querySelector("form")));
  const shown = name.trim() || "?";
  put({ as: newAs(shown), name: shown, channel, hint }).composer.input.focus();
});

// ---- language and light

function words() {
  speak(settings.language);
  translate(document);
  for (const button of document.querySelectorAll("[data-language]")) {
    button.setAttribute("aria-pressed", button.dataset.language === settings.language);
  }
  drawChannels();
  phones.forEach((phone) => phone.words());
  show(current);
}

function light() {
  document.documentElement.dataset.theme = settings.theme;
}

for (const button of document.querySelectorAll("[data-language]")) {
  button.addEventListener("click", () => {
    settings.language = button.dataset.language;
    save("settings", settings);
    words();
  });
}
document.querySelector(".theme").addEventListener("click", () => {
  const system = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  settings.theme = (settings.theme || system) === "dark" ? "light" : "dark";
  save("settings", settings);
  light();
});

// ---- the start: the phones of last time, those in the address, or two to begin with

function atStart() {
  const query = new URLSearchParams(location.search);
  const asked = query.getAll("as").map((as, index) => ({
    as,
    name: query.getAll("name")[index] ?? as,
    channel: query.getAll("channel")[index] ?? "simulator",
    hint: query.getAll("hint")[index] ?? "",
  }));
  const right = asked.filter((who) => AS.test(who.as) && CHANNELS.includes(who.channel));
  return right.length ? right : load("phones", null);
}

const FIRST = [
  { as: newAs("Anna"), name: "Anna", channel: "simulator", hint: "nl" },
  { as: newAs("Samira"), name: "Samira", channel: "telegram", hint: "ar" },
];

light();
speak(settings.language);
(atStart() ?? FIRST).forEach((who) => put(who));
show(phones[0] ?? null);
words();
listener.listen();
