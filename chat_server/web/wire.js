/** One WebSocket after another: JSON lines in and out. Notices silence; waits longer with each failure. */

const IDLE_MS = 30_000; // a server that was silent for so long is asked whether it is there
const ANSWER_MS = 10_000; // and given up if it does not answer within this
const FIRST_MS = 500; // the bound of the first wait before another try; each further one doubles it
const LONGEST_MS = 30_000;
const STABLE_MS = 10_000; // a connection that stood so long begins the waits anew

export class Wire {
  #url; #onMessages; #onLost; #silence; #retry; #socket;
  #failures = 0;
  #since = Infinity; // when it was opened

  constructor(url, onMessages, onLost) { [this.#url, this.#onMessages, this.#onLost] = [url, onMessages, onLost]; }

  connect() {
    this.close();
    const socket = (this.#socket = new WebSocket(this.#url));
    socket.onopen = () => (this.#since = performance.now());
    socket.onmessage = ({ data }) => (this.#listen(), this.#onMessages(data.split("\n").filter(Boolean).map((each) => JSON.parse(each))));
    socket.onclose = () => this.#lost();
    this.#listen();
  }

  get #open() { return this.#socket?.readyState === WebSocket.OPEN; }
  send(message) { if (this.#open) this.#socket.send(`${JSON.stringify(message)}\n`); }

  /** End the connection, if there is one, and try no more. Tells nobody. */
  close() {
    clearTimeout(this.#silence);
    clearTimeout(this.#retry);
    if (this.#socket) this.#socket.onclose = null; // so that its end is no loss
    this.#socket?.close();
  }

  /** Connect after a random time, beside what the server asked for; return when, as `Date.now()` counts. */
  retry(hintSeconds = 0) {
    const stable = performance.now() - this.#since > STABLE_MS;
    this.#since = Infinity;
    this.#failures = stable || hintSeconds ? 0 : this.#failures + 1;
    const bound = Math.min(LONGEST_MS, FIRST_MS * 2 ** this.#failures);
    const wait = Math.random() * bound + Math.min(hintSeconds, 3600) * 1000;
    this.#retry = setTimeout(() => this.connect(), wait);
    return Date.now() + wait;
  }

  #listen(ms = IDLE_MS) {
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => {
      if (ms === ANSWER_MS || !this.#open) return this.#lost();
      this.send({ type: "PING" });
      this.#listen(ANSWER_MS);
    }, ms);
  }

  #lost() {
    this.close();
    this.#onLost();
  }
}
