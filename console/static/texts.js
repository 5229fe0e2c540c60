// Records a text with the microphone and puts the recording into the form's own file field, so
// that it is sent, checked and kept like a file that somebody chose.

const LONGEST = 60; // seconds
const TYPES = ["audio/webm;codecs=opus", "audio/ogg;codecs=opus", "audio/mp4"];
const BITS = 96000; // bits/s: it is made smaller only once, by the server

class Recorder {
  constructor(form) {
    this.place = form.querySelector(".recorder");
    this.button = this.place.querySelector("button");
    this.clock = this.place.querySelector(".clock");
    this.words = this.place.querySelector("[role=status]");
    this.sound = this.place.querySelector("audio");
    this.file = form.querySelector("input[type=file]");
    this.button.addEventListener("click", () => (this.running ? this.stop() : this.start()));
    this.place.hidden = false;
  }

  async start() {
    this.running = true;
    try {
      // The room as it is: what the browser does to a voice is for calls.
      this.stream = await navigator.mediaDevices.getUserMedia({
        audio: { channelCount: 1, echoCancellation: false, noiseSuppression: false },
      });
    } catch {
      this.running = false;
      this.words.textContent = this.place.dataset.denied;
      return;
    }
    const mimeType = TYPES.find((type) => MediaRecorder.isTypeSupported(type));
    this.recorder = new MediaRecorder(this.stream, { mimeType, audioBitsPerSecond: BITS });
    this.parts = [];
    this.recorder.ondataavailable = ({ data }) => this.parts.push(data);
    this.recorder.onstop = () => this.keep();
    this.recorder.start();
    this.began = performance.now();
    this.ticking = setInterval(() => this.tick(), 200);
    this.shows(this.place.dataset.stop, true);
    this.words.textContent = this.place.dataset.running;
  }

  tick() {
    const seconds = (performance.now() - this.began) / 1000;
    this.clock.textContent = `${Math.floor(seconds)} / ${LONGEST} s`;
    if (seconds >= LONGEST) this.stop();
  }

  stop() {
    clearInterval(this.ticking);
    if (this.recorder?.state === "recording") this.recorder.stop();
  }

  keep() {
    this.running = false;
    this.stream.getTracks().forEach((track) => track.stop());
    const type = this.recorder.mimeType.split(";")[0];
    const name = `recording.${type.split("/")[1]}`;
    const carrier = new DataTransfer();
    carrier.items.add(new File(this.parts, name, { type }));
    this.file.files = carrier.files;
    URL.revokeObjectURL(this.sound.src);
    this.sound.src = URL.createObjectURL(carrier.files[0]);
    this.sound.hidden = false;
    this.shows(this.button.dataset.start, false);
    this.words.textContent = this.place.dataset.ready;
  }

  shows(words, running) {
    this.button.textContent = words;
    this.button.classList.toggle("on", running);
  }
}

if (navigator.mediaDevices?.getUserMedia && window.MediaRecorder) {
  document.querySelectorAll("form.record").forEach((form) => new Recorder(form));
}
