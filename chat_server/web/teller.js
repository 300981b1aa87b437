/** Tells what the person does not see: to screen readers, and by notifications if they asked for them. */
import { byId } from "./dom.js";

const GATHER_MS = 800; // what comes within this is told at once
const MOST = 3; // texts that are read out; of more only their number
const LENGTH = 200; // characters of each
let waiting = [];

/** Tell of a message. `seen`: the person has its room open. */
export function heard(room, { from, text, calls }, seen) {
  const head = room.direct ? from : `${from} in ${room.title}`;
  if (seen || calls) say(`${seen ? from : head}: ${text.slice(0, LENGTH)}`);
  if (!calls || !document.hidden || localStorage.getItem("notify") !== "on") return;
  try {
    const made = new Notification(head, { body: text.slice(0, LENGTH), tag: room.name });
    made.onclick = () => (window.focus(), made.close());
  } catch {} // this browser takes them only from pages with a worker of their own
}

export function say(text) { if (waiting.push(text) === 1) setTimeout(tell, GATHER_MS); }

function tell() {
  byId("announcer").textContent = waiting.length > MOST ? `${waiting.length} new messages` : waiting.join("\n");
  waiting = [];
}
