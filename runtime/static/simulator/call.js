// A phone call: what is said is heard, keys answer, and after a beep the voice.

import { icon, make } from "./entries.js";
import { Recorder, canRecord } from "./recorder.js";
import { label, length, t } from "./words.js";

const KEYS = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "*", "0", "#"];
const BEEP = 0.35; // seconds
const HERTZ = 880;
const WAIT = 1000; // ms between two questions whether there is an answer yet

export class Call {
  // `who` is {as, …}; `newId()` makes the id of a call.
  constructor(who, newId) {
    Object.assign(this, { who, newId, id: null, turn: null, digits: "", act: 0 });
    this.element = make("section", "call");
    this.build();
    this.show();
  }

  build() {
    this.state = make("p", "call-state");
    this.state.setAttribute("role", "status");
    this.time = make("p", "call-time");
    this.said = make("div", "call-said");
    this.said.tabIndex = 0;
    this.typed = make("p", "call-typed");
    this.level = make("canvas", "level");
    this.level.setAttribute("aria-hidden", "true");
    this.pad = make("div", "call-keys");
    this.pad.setAttribute("role", "group");
    this.pad.append(...KEYS.map((key) => this.key(key)));
    this.button = make("button", "call-button");
    this.button.type = "button";
    this.button.append(icon("phone"));
    this.button.addEventListener("click", () => (this.id ? this.hangUp() : this.begin()));
    const parts = [this.state, this.time, this.said, this.level, this.typed, this.pad, this.button];
    this.element.append(...parts);
  }

  key(sign) {
    const button = make("button", "call-key", sign);
    button.type = "button";
    button.addEventListener("click", () => this.press(sign));
    return button;
  }

  // ---- what the caller does

  begin() {
    Object.assign(this, { id: this.newId(), turn: null, began: Date.now() });
    this.clock = setInterval(() => this.tick(), 500);
    return this.tell("begin");
  }

  press(sign) {
    if (!this.turn || !this.id) return undefined;
    const { way, most } = this.turn;
    if (this.recorder) return this.finish(sign);
    if (way === "voice") return this.tell("keys", { digits: sign });
    if (way !== "keys") return undefined;
    this.hush();
    if (most === 1) return this.tell("keys", { digits: sign });
    if (sign === "#") return this.enter();
    this.digits += sign;
    this.show();
    if (most && this.digits.length >= most) return this.enter();
    return this.listen();
  }

  enter() {
    const { digits } = this;
    const times = this.turn.times + 1;
    return digits ? this.tell("keys", { digits }) : this.tell("silence", { times });
  }

  hangUp() {
    const { id } = this;
    this.over();
    return fetch(this.address("over", id, {}), { method: "POST" }).catch(() => {});
  }

  over() {
    this.act += 1;
    this.hush();
    this.recorder?.cancel();
    clearInterval(this.clock);
    Object.assign(this, { id: null, turn: null, recorder: null, digits: "" });
    this.show();
  }

  // ---- what the line does

  address(did, call, { digits = "", times = 0 }) {
    const { as } = this.who;
    const query = new URLSearchParams({ as, call, did, digits, times, n: this.turn?.n ?? 0 });
    return `/simulator/api/call?${query}`;
  }

  async tell(did, what = {}) {
    this.hush();
    this.digits = "";
    const act = (this.act += 1); // what is overtaken by a later act is not followed
    const options = { method: "POST", body: what.blob ?? null };
    if (what.blob) options.headers = { "Content-Type": what.blob.type };
    try {
      const response = await fetch(this.address(did, this.id, what), options);
      if (!response.ok) throw new Error(response.status);
      const turn = await response.json();
      if (act === this.act) await this.follow(turn, act);
    } catch {
      if (act !== this.act) return;
      this.over();
      this.state.textContent = t("callFailed");
    }
  }

  async follow(turn, act) {
    this.turn = turn;
    this.caption(turn.said);
    this.show();
    for (const sound of turn.sounds) {
      await this.play(sound);
      if (act !== this.act) return;
    }
    if (turn.way === "voice") await this.record(act);
    else if (turn.way === "wait") this.later(WAIT, () => this.tell("wait", { times: turn.times + 1 }));
    else if (turn.way === "end") await this.hangUp();
    else this.listen();
  }

  listen() {
    this.later(this.turn.pause * 1000, () => this.enter());
  }

  later(ms, does) {
    clearTimeout(this.timer);
    const { act } = this;
    this.timer = setTimeout(() => act === this.act && does(), ms);
  }

  play(sound) {
    this.audio = new Audio(sound);
    const { audio } = this;
    return new Promise((resolve, reject) => {
      audio.addEventListener("ended", resolve, { once: true });
      audio.addEventListener("pause", resolve, { once: true });
      audio.addEventListener("error", () => reject(new Error("sound")), { once: true });
      audio.play().catch(reject);
    });
  }

  hush() {
    clearTimeout(this.timer);
    this.audio?.pause();
  }

  async record(act) {
    if (!canRecord()) return this.noMicrophone();
    this.level.hidden = false;
    const recorder = new Recorder(this.level, () => {}, () => this.finish("#"));
    try {
      await beep();
      await recorder.start();
    } catch {
      recorder.release();
      return this.noMicrophone();
    }
    if (act !== this.act) return recorder.cancel();
    this.recorder = recorder;
    return this.show();
  }

  noMicrophone() {
    this.show();
    this.state.textContent = t("noMicrophone");
  }

  async finish(sign) {
    const { recorder } = this;
    const goes = sign === "*" || sign === "0" || this.turn.keys.includes(sign);
    if (!goes && sign !== "#") return undefined;
    this.recorder = null;
    if (goes) {
      recorder.cancel();
      return this.tell("keys", { digits: sign });
    }
    const note = await recorder.stop();
    if (!note) return this.tell("silence", { times: this.turn.times + 1 });
    return this.tell("voice", { digits: "#", blob: note.blob });
  }

  // ---- what is seen

  caption(said) {
    this.said.replaceChildren(
      ...said.map(({ text, language }) => {
        const words = make("p", "", text);
        Object.assign(words, { lang: language, dir: language === "ar" ? "rtl" : "ltr" });
        return words;
      }),
    );
    this.said.scrollTop = 0;
  }

  tick() {
    this.time.textContent = length(Math.floor((Date.now() - this.began) / 1000));
  }

  show() {
    const on = Boolean(this.id);
    const word = !on ? "callReady" : this.recorder ? "callSpeak" : (STATES[this.turn?.way] ?? "callRings");
    this.state.textContent = t(word);
    this.element.classList.toggle("on", on);
    this.element.classList.toggle("speaks", Boolean(this.recorder));
    this.level.hidden = !this.recorder;
    this.typed.textContent = this.digits;
    label(this.button, t(on ? "hangUp" : "call"));
    label(this.pad, t("keys"));
    label(this.said, t("callSaid"));
    if (!on) this.time.textContent = "";
  }
}

const STATES = { keys: "callKeys", voice: "callKeys", wait: "callWaits", end: "callEnds" };

async function beep() {
  const context = new AudioContext();
  const tone = context.createOscillator();
  const volume = context.createGain();
  volume.gain.value = 0.15;
  tone.frequency.value = HERTZ;
  tone.connect(volume).connect(context.destination);
  const over = new Promise((resolve) => (tone.onended = resolve));
  tone.start();
  tone.stop(context.currentTime + BEEP);
  await over;
  await context.close();
}
