// Records one voice note with the microphone.

export const LONGEST = 120; // seconds
const SHORTEST = 0.5; // seconds
const TYPES = ["audio/webm;codecs=opus", "audio/ogg;codecs=opus", "audio/mp4"];
const BITS = 32000; // bits/s: clear speech, and two minutes stay under half a megabyte
const BARS = 40;

export function canRecord() {
  return Boolean(navigator.mediaDevices?.getUserMedia && window.MediaRecorder);
}

export class Recorder {
  // `tick(seconds)` is called a few times a second, `full` when the note is as long as it may be.
  constructor(canvas, tick, full) {
    Object.assign(this, { canvas, tick, full });
  }

  // Asks for the microphone and starts; fails when there is none or it is not allowed.
  async start() {
    this.stream = await navigator.mediaDevices.getUserMedia({
      audio: { channelCount: 1, echoCancellation: true, noiseSuppression: true },
    });
    const mimeType = TYPES.find((type) => MediaRecorder.isTypeSupported(type));
    this.recorder = new MediaRecorder(this.stream, { mimeType, audioBitsPerSecond: BITS });
    this.parts = [];
    this.recorder.ondataavailable = ({ data }) => this.parts.push(data);
    this.recorder.start(1000);
    this.began = performance.now();
    this.watch();
  }

  get seconds() {
    return (performance.now() - this.began) / 1000;
  }

  // The recording and its length in seconds, or null when it was too short to hold a word.
  async stop() {
    const seconds = Math.min(this.seconds, LONGEST);
    const stopped = new Promise((resolve) => (this.recorder.onstop = resolve));
    this.recorder.stop();
    await stopped;
    this.release();
    const blob = new Blob(this.parts, { type: this.recorder.mimeType });
    return seconds < SHORTEST ? null : { blob, seconds: Math.round(seconds * 10) / 10 };
  }

  cancel() {
    if (this.recorder?.state === "recording") this.recorder.stop();
    this.release();
  }

  release() {
    cancelAnimationFrame(this.frame);
    this.stream?.getTracks().forEach((track) => track.stop());
    this.context?.close();
    this.stream = this.context = null;
  }

  watch() {
    this.context = new AudioContext();
    const analyser = this.context.createAnalyser();
    analyser.fftSize = 1024;
    this.context.createMediaStreamSource(this.stream).connect(analyser);
    const samples = new Float32Array(analyser.fftSize);
    const levels = [];
    const look = () => {
      analyser.getFloatTimeDomainData(samples);
      if (this.seconds * 12 > levels.length) levels.push(loudness(samples));
      draw(this.canvas, levels.slice(-BARS));
      this.tick(this.seconds);
      if (this.seconds >= LONGEST) return this.full();
      this.frame = requestAnimationFrame(look);
    };
    look();
  }
}

function loudness(samples) {
  const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
  return Math.min(1, Math.sqrt(power) * 6);
}

function draw(canvas, levels) {
  const { clientWidth: width, clientHeight: height } = canvas;
  const scale = devicePixelRatio;
  Object.assign(canvas, { width: width * scale, height: height * scale });
  const pen = canvas.getContext("2d");
  pen.scale(scale, scale);
  pen.strokeStyle = getComputedStyle(canvas).color;
  pen.lineWidth = 2.5;
  pen.lineCap = "round";
  levels.reverse().forEach((level, index) => {
    const x = width - 3 - index * (width / BARS);
    const half = Math.max(1, (level * (height - 6)) / 2);
    pen.moveTo(x, height / 2 - half);
    pen.lineTo(x, height / 2 + half);
  });
  pen.stroke();
}
