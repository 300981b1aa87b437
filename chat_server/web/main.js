/** Puts the page together: what happens in the chat is drawn, and what the person does goes to the client. */
import { Chat } from "./chat.js";
import { Client } from "./client.js";
import { RUN } from "./commands.js";
import { Composer } from "./composer.js";
import { Dialogs } from "./dialogs.js";
import { byId } from "./dom.js";
import { Entrance } from "./entrance.js";
import { Panels } from "./panels.js";
import { Teller } from "./teller.js";
import { Timeline } from "./timeline.js";

const teller = new Teller();
const chat = new Chat({
  change: drawSoon,
  heard: (room, item) => teller.heard(room, item, room === chat.current),
  say: (text) => teller.say(text),
  welcome() {
    byId("entrance").hidden = !(byId("chat").hidden = false);
    panels.lost(null);
    const wanted = decodeURIComponent(location.hash.slice(1));
    if (wanted) desk.run("join", wanted);
    if (!composed) composer.focus();
    composed = true;
  },
  lost(reason, at) {
    panels.lost(reason, at);
    if (byId("chat").hidden) entrance.open("The chat cannot be reached at the moment. Trying again …");
  },
  greeted: (greeting) => entrance.greeted(greeting),
  away(text) { panels.lost(null); entrance.open(text); },
});
const address = new URL("ws", location.href);
address.protocol = address.protocol.replace("http", "ws");
const client = (chat.client = new Client(address.href, chat));
const entrance = new Entrance(client);

/** What the parts of the page do with each other. */
const desk = {
  chat,
  client,
  drawSoon,
  /** Do what the person asked for, or tell them why it cannot be done. */
  async attempt(deed) {
    try {
      await deed();
    } catch (error) { chat.remark(error.message); }
  },
  run: (name, rest) => desk.attempt(() => RUN[name](desk, rest, chat.current)),
  say(room, text, action) {
    if (!room) throw new Error("You are in no room; /join one first.");
    client.say(room.direct ? { type: "DM", to: room.title, text, action } : { type: "MSG", room: room.name, text, action });
    timeline.toLatest();
  },
  /** Edit or delete what the person said. */
  async change({ type, id, room, text }) {
    if (!id) throw new Error("There is no message of yours here to change.");
    const { id: of, ...ack } = await client.ask({ type, id, room, text });
    chat[type]({ ...ack, room, of: id, text });
  },
  /** Write with somebody. */
  turnTo(name) { if (name !== chat.me) chat.turnTo(chat.direct(name)); composer.focus(); },
};
const [timeline, composer, panels, dialogs] = [Timeline, Composer, Panels, Dialogs].map((Part) => new Part(desk));
Object.assign(desk, { timeline, composer, dialogs });
let [drawing, composed] = [0, false];

function drawSoon() { drawing ||= requestAnimationFrame(draw); }

function draw() { drawing = 0; for (const part of [timeline, panels, composer]) part.draw(); }

document.addEventListener("visibilitychange", () => chat.look());
byId("skip").addEventListener("click", (event) => (event.preventDefault(), composer.focus()));
if (client.kept.session) client.enter(undefined, {});
else { entrance.open(); client.enter(); }
