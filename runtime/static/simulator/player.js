// Plays one sound: a voice note of the resident, or what the bot says aloud.

import { label, length, t, translate } from "./words.js";

const BARS = 40;
const template = document.getElementById("player-template");
const seen = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) {
    if (!isIntersecting) continue;
    seen.unobserve(target);
    target.player.prepare().catch(() => {}); // pressing play tries again, and says so if it fails
  }
});
let playing = null;

export class Player {
  // `load()` gives the sound as a Blob, `seconds` its length as far as it is known already.
  // It is loaded when it comes into view, to show its length and its shape.
  constructor(load, seconds = 0) {
    this.load = load;
    this.seconds = seconds;
    this.element = template.content.firstElementChild.cloneNode(true);
    this.element.player = this;
    for (const name of ["play", "length", "all", "done"]) {
      this[name + "Part"] = this.element.querySelector("." + name);
    }
    this.slider = this.element.querySelector("input");
    translate(this.element);
    this.shape(Array(BARS).fill(0.12));
    this.show();
    this.playPart.addEventListener("click", () => this.toggle());
    this.slider.addEventListener("input", () => this.seek(this.slider.value / 1000));
    seen.observe(this.element);
  }

  // Loads the sound once, however often it is asked.
  prepare() {
    this.prepared ??= this.fetchSound().catch((error) => {
      this.prepared = null;
      throw error;
    });
    return this.prepared;
  }

  async fetchSound() {
    const blob = await this.load();
    this.audio = new Audio(URL.createObjectURL(blob));
    for (const event of ["play", "pause", "timeupdate", "ended"]) {
      this.audio.addEventListener(event, () => this.show());
    }
    await this.measure(blob);
    this.show();
  }

  // A recording does not tell its own length, and its shape is only in the samples.
  async measure(blob) {
    try {
      const decoder = new OfflineAudioContext(1, 1, 16000);
      const sound = await decoder.decodeAudioData(await blob.arrayBuffer());
      this.seconds = sound.duration;
      this.shape(peaks(sound.getChannelData(0)));
    } catch {
      // it may still play: a browser that cannot show a sound can often make it heard
    }
  }

  async toggle() {
    if (this.playing) this.audio.pause();
    else await this.start().catch(() => this.fail());
  }

  // Starts playing, and is done when the sound has ended or was stopped.
  async start() {
    await this.prepare();
    playing?.audio.pause();
    playing = this;
    const over = new Promise((resolve) => {
      this.audio.addEventListener("pause", resolve, { once: true });
    });
    await this.audio.play();
    await over;
  }

  fail() {
    this.element.classList.add("failed");
    this.lengthPart.textContent = t("noSound");
  }

  get playing() {
    return Boolean(this.audio && !this.audio.paused);
  }

  async seek(part) {
    await this.prepare().catch(() => this.fail());
    if (this.audio) this.audio.currentTime = part * this.seconds;
    this.show();
  }

  shape(heights) {
    const bars = heights.map((height, index) => {
      const x = (index + 0.5) * (160 / BARS);
      const half = Math.max(1, height * 12);
      return `M${x} ${14 - half}V${14 + half}`;
    });
    for (const part of [this.allPart, this.donePart]) part.setAttribute("d", bars.join(""));
  }

  show() {
    const at = this.audio?.ended ? 0 : (this.audio?.currentTime ?? 0);
    const part = this.seconds ? Math.min(1, at / this.seconds) : 0;
    const icon = this.playing ? "pause" : "play";
    this.element.querySelector("use").setAttribute("href", "#i-" + icon);
    label(this.playPart, t(icon));
    this.donePart.style.clipPath = `inset(0 ${100 - part * 100}% 0 0)`;
    this.slider.value = part * 1000;
    this.slider.setAttribute("aria-valuetext", length(at));
    this.lengthPart.textContent = this.seconds ? length(at || this.seconds) : "";
  }
}

export function hush() {
  playing?.audio.pause();
}

function peaks(samples) {
  const size = Math.max(1, Math.floor(samples.length / BARS));
  const heights = Array.from({ length: BARS }, (_, bar) => {
    let highest = 0;
    for (let at = bar * size; at < (bar + 1) * size; at += 7) {
      highest = Math.max(highest, Math.abs(samples[at] ?? 0));
    }
    return highest;
  });
  const loudest = Math.max(0.05, ...heights);
  return heights.map((height) => height / loudest);
}
