/** What may be typed after a slash. The page's help has usage, purpose and other names of each. */
import { folded } from "./text.js";

function needed(text, what) { if (text) return text; throw new Error(`Say ${what}, too; /help shows how.`); }

/** Each gets the desk, what was typed after the name, and the room that the person is in. */
export const RUN = {
  async join({ client, chat }, rest) {
    const [room, password] = needed(rest, "which room").split(" with ").map((each) => each.trim());
    const known = chat.rooms.get(folded(room.replace(/^#/, "")));
    chat.turnTo(known ?? chat.room((await client.ask({ type: "JOIN", room, password })).room));
  },
  leave: ({ client, chat }, rest, room) =>
    !rest && room?.direct ? chat.drop(room) : client.ask({ type: "LEAVE", room: rest || room?.name }),
  msg({ client, chat, turnTo }, rest) {
    const [, to, text] = /^@?(\S*)\s*([^]*)$/.exec(rest);
    turnTo(needed(to, "to whom"));
    if (text) client.say({ type: "DM", to: chat.current.title, text });
  },
  me: ({ say }, rest, room) => say(room, needed(rest, "what you do"), true),
  topic: ({ client }, rest, room) =>
    client.ask({ type: "TOPIC", room: room?.name, topic: rest === "-" ? "" : rest || undefined }),
  async who({ client, chat }, rest, room) {
    const { names, total } = await client.ask({ type: "WHO", room: rest || room?.name });
    chat.remark(`${total} here: ${names.join(", ")}`);
  },
  name: ({ client }, rest) => client.ask({ type: "NAME", name: needed(rest, "the new name") }),
  edit: ({ change, timeline }, rest) => change({ ...timeline.own, type: "EDIT", text: needed(rest, "the new text") }),
  delete: ({ change, timeline }) => change({ ...timeline.own, type: "DELETE" }),
  ignore: ({ client }, name) => client.ask({ type: "IGNORE", ...(name && { name, on: true }) }),
  unignore: ({ client }, rest) => client.ask({ type: "IGNORE", name: needed(rest, "whom"), on: false }),
  rooms: ({ dialogs }) => dialogs.browse(),
  search: ({ dialogs }, rest) => dialogs.search(rest),
  help: ({ dialogs }) => dialogs.help(),
  exit: ({ client }) => client.leave(),
};

/** Take a line apart: `{ text }`, or `{ name, rest }` of a command. Two slashes begin a text with one. */
export function parse(line) {
  const [, slashes, name, rest] = /^\s*(\/*)(\S*)\s*([^]*)$/.exec(line);
  if (slashes.length === 1) return { name: folded(name), rest: rest.trim() };
  return { text: slashes ? line.replace("/", "") : line };
}

/** Return which word is most like another, or nothing if none is. */
export function nearest(word, words) {
  const [[far, best]] = words.map((each) => [distance(word, each), each]).sort(([a], [b]) => a - b);
  return far <= Math.max(1, best.length / 2) ? best : undefined;
}

/** How many letters to put in, take out or change (Levenshtein). */
function distance(from, to) {
  let row = [...to, ""].map((_, place) => place);
  for (const [i, letter] of [...from].entries()) {
    const next = [i + 1];
    for (const [j, other] of [...to].entries()) {
      next.push(Math.min(row[j + 1] + 1, next[j] + 1, row[j] + (letter !== other)));
    }
    row = next;
  }
  return row.at(-1);
}
