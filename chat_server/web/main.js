/** Puts the page together: says what happens when something happens in the chat, and comes in. */
import * as composer from "./composer.js";
import { attempt, chat, client, join, on } from "./desk.js";
import "./dialogs.js";
import { byId, when } from "./dom.js";
import * as entrance from "./entrance.js";
import * as panels from "./panels.js";
import * as teller from "./teller.js";
import * as timeline from "./timeline.js";

let drawing = 0;

function draw() { drawing = 0; for (const part of [timeline, panels, composer]) part.draw(); }

Object.assign(on, {
  change: () => (drawing ||= requestAnimationFrame(draw)),
  heard: (room, item) => teller.heard(room, item, room === chat.current),
  say: teller.say,
  greeted: entrance.fit,
  spoke: (room) => room === chat.current && timeline.toLatest(),
  edit: composer.edit,
  welcome() {
    const [room, first] = [decodeURIComponent(location.hash.slice(1)), byId("chat").hidden];
    byId("entrance").hidden = !(byId("chat").hidden = false);
    panels.tellLost();
    if (first && room) attempt(() => join(room));
    if (first) byId("text").focus();
  },
  lost(reason, at) {
    panels.tellLost(reason, at);
    if (byId("chat").hidden) entrance.open("The chat cannot be reached at the moment. Trying again …");
  },
  away: entrance.open,
});
document.addEventListener("visibilitychange", () => chat.look());
when("skip", "click", () => byId("text").focus());
if (client.kept.session) client.enter(undefined, {});
else { entrance.open(); client.enter(); }
