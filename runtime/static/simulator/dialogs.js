// The dialogs that all phones share: a bottom sheet with choices, places, and "are you sure".

import { make } from "./entries.js";
import { t } from "./words.js";

const sheet = document.getElementById("sheet");
const place = document.getElementById("place");
const sure = document.getElementById("sure");

for (const dialog of [sheet, place]) {
  dialog.querySelector(".close").addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", ({ target }) => target === dialog && dialog.close());
}
addEventListener("resize", () => [sheet, place].filter(({ open }) => open).forEach(lay));

let under = null; // the phone that a sheet belongs to

function openOver(dialog, screen) {
  under = screen;
  lay(dialog);
  dialog.showModal();
}

// A sheet lies at the bottom of its phone.
function lay(dialog) {
  const box = under.getBoundingClientRect();
  const bottom = Math.max(0, innerHeight - Math.min(box.bottom, innerHeight));
  Object.assign(dialog.style, {
    left: `${box.left}px`,
    width: `${box.width}px`,
    bottom: `${bottom}px`,
    maxHeight: `${Math.max(240, innerHeight - bottom - Math.max(box.top, 0) - 48)}px`,
  });
}

// Shows the choices of a list; `chosen(button)` gets the one that was pressed.
export function openList(row, screen, isChosen, chosen) {
  sheet.querySelector("h2").textContent = row.opens || t("choose");
  sheet.dir = row.direction;
  sheet.querySelector(".options").replaceChildren(
    ...row.buttons.map((button) => {
      const option = make("button", "option", button.label);
      option.type = "button";
      option.dataset.choice = button.id;
      option.classList.toggle("chosen", isChosen(button));
      option.addEventListener("click", () => {
        sheet.close();
        chosen(button);
      });
      return option;
    }),
  );
  openOver(sheet, screen);
  sheet.querySelector(".option")?.focus();
}

// Asks for a place; `chosen("lat,lng", name)` gets it.
export function openPlace(screen, chosen) {
  const done = (point, name = "") => {
    place.close();
    chosen(point, name);
  };
  wrong("");
  place.querySelector(".here").onclick = () => findHere(done);
  place.querySelector(".exact").onsubmit = (event) => {
    event.preventDefault();
    const point = pointIn(place.querySelector("[name=point]").value);
    if (point) done(point);
    else wrong(t("wrongPoint"));
  };
  for (const sample of place.querySelectorAll(".sample")) {
    sample.onclick = () => done(sample.dataset.point, sample.textContent);
  }
  openOver(place, screen);
}

function findHere(done) {
  if (!navigator.geolocation) return wrong(t("noPosition"));
  return navigator.geolocation.getCurrentPosition(
    ({ coords }) => done(`${coords.latitude.toFixed(6)},${coords.longitude.toFixed(6)}`),
    () => wrong(t("noPosition")),
    { timeout: 10_000, maximumAge: 60_000 },
  );
}

const POINT = /^(-?\d{1,2}(?:\.\d+)?)\s*[,;\s]\s*(-?\d{1,3}(?:\.\d+)?)$/;

function pointIn(text) {
  const [, lat, lng] = text.trim().match(POINT) ?? [];
  return lat && Math.abs(lat) <= 90 && Math.abs(lng) <= 180 ? `${lat},${lng}` : null;
}

function wrong(text) {
  place.querySelector(".wrong").textContent = text;
  place.querySelector("[name=point]").toggleAttribute("aria-invalid", Boolean(text));
}

// Resolves to whether the person is sure.
export function areYouSure(what, name) {
  sure.querySelector("h2").textContent = t(what + "Title", { name });
  sure.querySelector(".why").textContent = t(what + "Why", { name });
  sure.querySelector(".yes").textContent = t(what + "Yes");
  sure.returnValue = "";
  sure.showModal();
  return new Promise((resolve) => {
    sure.addEventListener("close", () => resolve(sure.returnValue === "yes"), { once: true });
  });
}
