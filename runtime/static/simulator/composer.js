// Where a resident writes, talks, or sends a photo or a place.

import { icon, make } from "./entries.js";
import { LONGEST, Recorder, canRecord } from "./recorder.js";
import { label, length, t } from "./words.js";

const HELD = 500; // ms; pressed longer than this is "hold to talk"
const CLICK_FOLLOWS = 350; // ms in which the click of a press still comes
const LAST_SECONDS = 10; // so near the end the time runs back
const PARTS = "trouble keypad photo place recording discard seconds main".split(" ");
const KEYS = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "*", "0", "#"];

export class Composer {
  // `phone` takes what is made here: `say(text)`, `send({kind, …})`, `sendPlace()`.
  constructor(form, channel, phone) {
    Object.assign(this, { form, channel, phone, recording: null, starting: false, pressedAt: 0 });
    for (const name of PARTS) this[name + "Part"] = form.querySelector("." + name);
    this.input = form.querySelector("textarea");
    this.fit();
    this.listen();
    this.show();
  }

  // A text message carries no files, and a call only keys and a voice.
  fit() {
    const calls = this.channel === "phone";
    const plain = calls || this.channel === "sms";
    this.photoPart.hidden = this.placePart.hidden = plain;
    this.silent = this.channel === "sms";
    this.keypadPart.hidden = !calls;
    if (!calls) return;
    this.input.inputMode = "tel";
    this.input.dataset.tPlaceholder = this.input.dataset.tLabel = "keyOrTalk";
    this.keypadPart.append(...KEYS.map((key) => this.key(key)));
  }

  key(sign) {
    const button = make("button", "key", sign);
    button.type = "button";
    button.addEventListener("click", () => {
      this.input.value += sign;
      this.show();
    });
    return button;
  }

  listen() {
    this.form.addEventListener("submit", (event) => event.preventDefault());
    this.input.addEventListener("input", () => this.show());
    this.form.addEventListener("keydown", (event) => this.pressed(event));
    this.mainPart.addEventListener("pointerdown", () => this.press());
    addEventListener("pointerup", () => this.release());
    addEventListener("pointercancel", () => (this.pressedAt = 0));
    this.mainPart.addEventListener("click", () => this.click());
    this.mainPart.addEventListener("contextmenu", (event) => event.preventDefault());
    this.discardPart.addEventListener("click", () => this.discard());
    this.placePart.addEventListener("click", () => this.phone.sendPlace());
    this.file("photo", this.photoPart);
    this.file("voice");
  }

  file(kind, opener) {
    const input = this.form.querySelector(`.${kind}-file`);
    opener?.addEventListener("click", () => input.click());
    input.addEventListener("change", () => {
      const [file] = input.files;
      if (file) this.phone.send({ kind, content: "", file });
      input.value = "";
    });
  }

  pressed(event) {
    if (event.key === "Escape" && this.recording) this.discard();
    const sends = event.key === "Enter" && !event.shiftKey && !event.isComposing;
    if (!sends || event.target !== this.input) return;
    event.preventDefault();
    this.sendText();
  }

  // Hold to talk and let go to send; or tap, talk, and tap again.
  press() {
    if (this.recording || this.starting || this.writes) return;
    this.pressedAt = performance.now();
    this.record();
  }

  release() {
    if (!this.pressedAt) return;
    const held = performance.now() - this.pressedAt > HELD;
    if (held && this.recording) this.finish();
    setTimeout(() => (this.pressedAt = 0), CLICK_FOLLOWS);
  }

  // Also for the keyboard and for what reads the screen aloud, which only click.
  click() {
    if (this.pressedAt) return;
    if (this.recording) this.finish();
    else if (this.writes) this.sendText();
    else this.record();
  }

  get writes() {
    return this.silent || this.input.value.trim() !== "";
  }

  sendText() {
    const text = this.input.value.trim();
    if (!text) return;
    this.input.value = "";
    this.show();
    this.phone.say(text);
  }

  async record() {
    this.tell("");
    if (!canRecord()) return this.form.querySelector(".voice-file").click();
    if (this.starting) return undefined;
    this.starting = true;
    const canvas = this.form.querySelector(".level");
    const tick = (seconds) => this.tick(seconds);
    const recorder = new Recorder(canvas, tick, () => this.finish());
    try {
      this.recordingPart.hidden = false; // the level needs its width
      await recorder.start();
      this.recording = recorder;
    } catch {
      recorder.release();
      this.tell("noMicrophone");
    }
    this.starting = false;
    return this.show();
  }

  tick(seconds) {
    const left = LONGEST - seconds;
    const back = `-${length(Math.max(0, left))}`;
    const text = left < LAST_SECONDS ? back : length(Math.floor(seconds));
    if (this.secondsPart.textContent !== text) this.secondsPart.textContent = text;
  }

  async finish() {
    const { recording } = this;
    if (!recording) return undefined;
    this.recording = null;
    const note = await recording.stop();
    this.show();
    if (!note) return this.tell("tooShort");
    const { blob: file, seconds } = note;
    return this.phone.send({ kind: "voice", content: "", file, seconds });
  }

  discard() {
    this.recording?.cancel();
    this.recording = null;
    this.show();
    this.mainPart.focus();
  }

  tell(problem) {
    this.problem = problem;
    this.troublePart.textContent = problem ? t(problem) : "";
  }

  // The one round button records, sends a recording, or sends what is written.
  show() {
    const on = Boolean(this.recording);
    const sign = on || this.writes ? "send" : "mic";
    const words = on ? "finish" : this.writes ? "send" : "record";
    this.mainPart.replaceChildren(icon(sign));
    label(this.mainPart, t(words));
    this.form.classList.toggle("on", on);
    this.recordingPart.hidden = !on;
    this.input.style.height = "auto";
    this.input.style.height = `${Math.min(this.input.scrollHeight, 120)}px`;
    if (!on) this.secondsPart.textContent = length(0);
  }

  words() {
    this.tell(this.problem ?? "");
    this.show();
  }
}
