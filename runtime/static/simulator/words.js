// The page's own words. What the bot says comes from the server, in the resident's language.

const WORDS = {
  nl: {
    skip: "Naar de telefoons",
    notice: "Dit is een simulator. Er verlaat geen echt bericht deze computer.",
    pageLanguage: "Taal van deze pagina",
    theme: "Licht of donker",
    add: "Bewoner erbij",
    residents: "Bewoners",
    addTitle: "Wie doet er mee?",
    name: "Naam",
    channel: "Wat kan de telefoon?",
    hint: "Taal die de telefoon doorgeeft",
    noHint: "Geen: Buurtstem vraagt het",
    cancel: "Niet doen",
    addNow: "Erbij zetten",
    close: "Sluiten",
    place: "Een plaats sturen",
    here: "Waar ik nu ben",
    exact: "Of een ander punt",
    send: "Stuur",
    again: "Opnieuw beginnen als nieuwe bewoner",
    remove: "Telefoon weghalen",
    talk: "Gesprek",
    hello: "Zeg hallo, dan begint het gesprek.",
    helloPhone: "Bel Buurtstem en luister. Antwoord met de toetsen of met je stem.",
    call: "Bel Buurtstem",
    callReady: "Bel, luister, en antwoord met de toetsen.",
    callRings: "De telefoon gaat over…",
    callKeys: "In gesprek",
    callSpeak: "Spreek nu. Klaar? Druk op #",
    callWaits: "Een moment…",
    callEnds: "Tot ziens",
    callFailed: "Het gesprek is weggevallen. Bel nog eens.",
    callSaid: "Wat er gezegd wordt",
    hangUp: "Ophangen",
    keys: "Toetsen",
    keyOrTalk: "Kies een toets of praat",
    photo: "Een foto sturen",
    message: "Bericht",
    discard: "Opname weggooien",
    seek: "Plek in het geluid",
    ready: "online",
    typing: "is aan het typen…",
    offline: "geen verbinding",
    record: "Spreek een bericht in",
    finish: "Stop en stuur",
    recording: "Opname loopt",
    play: "Afspelen",
    pause: "Pauze",
    sending: "wordt verstuurd",
    sent: "verstuurd",
    unsent: "Niet verstuurd.",
    retry: "Probeer opnieuw",
    voiceNote: "Spraakbericht",
    aPhoto: "Foto",
    aPlace: "Plaats",
    sendPlace: "Stuur mijn plaats",
    choose: "Kies",
    secret: "Geheim: wordt niet bewaard",
    gone: "Geheim bericht, niet bewaard",
    sound: "Dit bericht als geluid",
    noSound: "Het geluid lukt nu niet. Probeer het nog eens.",
    noMicrophone: "De microfoon doet het niet. Geef deze pagina toegang tot de microfoon.",
    tooShort: "Dat was te kort. Houd de knop vast zolang je praat, of tik en praat.",
    noPosition: "We weten niet waar je bent. Kies een plaats of vul een punt in.",
    wrongPoint: "Vul twee getallen in, zoals 52.3676, 4.9041.",
    too_big: "Dit bestand is te groot. Het mag 25 MB zijn. Kies een kleinere foto of praat korter.",
    too_long: "Deze tekst is te lang.",
    refused: "Dit bericht kan niet verstuurd worden.",
    today: "Vandaag",
    removeTitle: "De telefoon van {name} weghalen?",
    removeWhy: "Het gesprek verdwijnt van deze pagina.",
    removeYes: "Weghalen",
    againTitle: "Opnieuw beginnen met {name}?",
    againWhy: "{name} krijgt een nieuw nummer. Buurtstem kent deze bewoner dan nog niet.",
    againYes: "Opnieuw beginnen",
    phoneOf: "Telefoon van {name}",
    unread: "{n} nieuw",
    empty: "Er is geen telefoon. Zet er een bewoner bij.",
    simulator: "Alles (simulator)",
    telegram: "Telegram",
    whatsapp: "WhatsApp",
    sms: "Sms",
    phone: "Alleen bellen",
  },
  en: {
    skip: "To the phones",
    notice: "This is a simulator. No real message leaves this computer.",
    pageLanguage: "Language of this page",
    theme: "Light or dark",
    add: "Add a resident",
    residents: "Residents",
    addTitle: "Who is joining?",
    name: "Name",
    channel: "What can the phone do?",
    hint: "Language that the phone tells",
    noHint: "None: Buurtstem asks",
    cancel: "Never mind",
    addNow: "Add",
    close: "Close",
    place: "Send a place",
    here: "Where I am now",
    exact: "Or another point",
    send: "Send",
    again: "Start again as a new resident",
    remove: "Take the phone away",
    talk: "Conversation",
    hello: "Say hello to start the conversation.",
    helloPhone: "Call Buurtstem and listen. Answer with the keys or with your voice.",
    call: "Call Buurtstem",
    callReady: "Call, listen, and answer with the keys.",
    callRings: "Ringing…",
    callKeys: "On the line",
    callSpeak: "Speak now. Done? Press #",
    callWaits: "One moment…",
    callEnds: "Goodbye",
    callFailed: "The call was cut off. Please call again.",
    callSaid: "What is being said",
    hangUp: "Hang up",
    keys: "Keys",
    keyOrTalk: "Press a key or talk",
    photo: "Send a photo",
    message: "Message",
    discard: "Throw the recording away",
    seek: "Position in the sound",
    ready: "online",
    typing: "is typing…",
    offline: "no connection",
    record: "Record a voice message",
    finish: "Stop and send",
    recording: "Recording",
    play: "Play",
    pause: "Pause",
    sending: "sending",
    sent: "sent",
    unsent: "Not sent.",
    retry: "Try again",
    voiceNote: "Voice message",
    aPhoto: "Photo",
    aPlace: "Place",
    sendPlace: "Send my place",
    choose: "Choose",
    secret: "Secret: is not kept",
    gone: "Secret message, not kept",
    sound: "This message as sound",
    noSound: "The sound does not work now. Please try again.",
    noMicrophone: "The microphone does not work. Please allow this page to use it.",
    tooShort: "That was too short. Hold the button while you talk, or tap and talk.",
    noPosition: "We do not know where you are. Choose a place or fill in a point.",
    wrongPoint: "Fill in two numbers, such as 52.3676, 4.9041.",
    too_big: "This file is too large: 25 MB at most. Choose a smaller photo or talk shorter.",
    too_long: "This text is too long.",
    refused: "This message cannot be sent.",
    today: "Today",
    removeTitle: "Take {name}'s phone away?",
    removeWhy: "The conversation disappears from this page.",
    removeYes: "Take away",
    againTitle: "Start again with {name}?",
    againWhy: "{name} gets a new number. Buurtstem does not know this resident yet then.",
    againYes: "Start again",
    phoneOf: "{name}'s phone",
    unread: "{n} new",
    empty: "There is no phone. Add a resident.",
    simulator: "Everything (simulator)",
    telegram: "Telegram",
    whatsapp: "WhatsApp",
    sms: "Text message",
    phone: "Calls only",
  },
};

export const CHANNELS = ["whatsapp", "telegram", "sms", "phone", "simulator"];

// What a resident says first, in the language that the phone tells.
export const GREETINGS = { nl: "Hallo", en: "Hello", tr: "Merhaba", ar: "مرحبا" };

let language = "nl";

export function speak(chosen) {
  language = chosen in WORDS ? chosen : "nl";
  document.documentElement.lang = language;
}

export function t(key, values = {}) {
  return WORDS[language][key].replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

export function clock(at) {
  return moment(at, { hour: "2-digit", minute: "2-digit" });
}

export function day(at) {
  const format = { weekday: "long", day: "numeric", month: "long" };
  return moment(at, format) === moment(Date.now(), format) ? t("today") : moment(at, format);
}

function moment(at, format) {
  const zone = { timeZone: "Europe/Amsterdam", ...format };
  return new Date(at).toLocaleString(language === "nl" ? "nl-NL" : "en-GB", zone);
}

export function length(seconds) {
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

// Fills in the words of everything below `root` that names them.
export function translate(root) {
  for (const element of root.querySelectorAll("[data-t]")) {
    element.textContent = t(element.dataset.t);
  }
  for (const element of root.querySelectorAll("[data-t-label]")) {
    label(element, t(element.dataset.tLabel));
  }
  for (const element of root.querySelectorAll("[data-t-placeholder]")) {
    element.placeholder = t(element.dataset.tPlaceholder);
  }
}

export function label(element, words) {
  element.setAttribute("aria-label", words);
  if (element.matches("button")) element.title = words;
}
