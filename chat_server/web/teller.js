/** Tells what the person does not see: to screen readers, and by notifications if they asked for them. */
import { byId } from "./dom.js";

const GATHER_MS = 800; // what comes within this is told at once
const MOST = 3; // messages that are read out; of more only their number
const LENGTH = 200; // characters of each

export class Teller {
  #waiting = [];

  /** Tell of a message. `seen`: the person has its room open. */
  heard(room, { from, text, calls }, seen) {
    if (seen || calls) this.say(`${from}${seen ? "" : ` in ${room.title}`}: ${text.slice(0, LENGTH)}`);
    if (!calls || !document.hidden || localStorage.getItem("notify") !== "on") return;
    try {
      const note = new Notification(room.direct ? from : `${from} in ${room.title}`, { body: text.slice(0, LENGTH), tag: room.name });
      note.onclick = () => (window.focus(), note.close());
    } catch {
      // This browser shows notifications only for pages with a worker of their own.
    }
  }

  say(text) { if (!this.#waiting.length) setTimeout(() => this.#tell(), GATHER_MS); this.#waiting.push(text); }

  #tell() {
    const many = this.#waiting.length > MOST;
    byId("announcer").textContent = many ? `${this.#waiting.length} new messages` : this.#waiting.join("\n");
    this.#waiting = [];
  }
}
