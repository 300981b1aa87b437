/** What may be typed after a slash. The page's help has usage, purpose and other names of each. */
import { change, chat, client, join, say, turnTo } from "./desk.js";
import { browse, help, search } from "./dialogs.js";

function needed(text, what) { if (text) return text; throw new Error(`Say ${what}, too; /help shows how.`); }

/** Each gets what was typed after its name, and the room that the person is in. */
const RUN = {
  join: (rest) => join(...needed(rest, "which room").split(" with ").map((each) => each.trim())),
  leave: (rest, room) => (room?.direct && !rest ? chat.drop(room) : client.ask({ type: "LEAVE", room: rest || room?.name })),
  msg(rest) {
    const [, to, text] = /^@?(\S*)\s*([^]*)$/.exec(rest);
    turnTo(needed(to, "to whom"));
    if (text) say(chat.current, text);
  },
  me: (rest, room) => say(room, needed(rest, "what you do"), true),
  topic: (rest, room) => client.ask({ type: "TOPIC", room: room?.name, topic: rest === "-" ? "" : rest || undefined }),
  async who(rest, room) {
    const { names, total } = await client.ask({ type: "WHO", room: rest || room?.name });
    chat.remark(`${total} here: ${names.join(", ")}`);
  },
  name: (rest) => client.ask({ type: "NAME", name: needed(rest, "the new name") }),
  edit: (rest) => change("EDIT", chat.own, needed(rest, "the new text")),
  delete: () => change("DELETE", chat.own),
  ignore: (rest) => client.ask(rest ? { type: "IGNORE", name: rest, on: true } : { type: "IGNORE" }),
  unignore: (rest) => client.ask({ type: "IGNORE", name: needed(rest, "whom"), on: false }),
  rooms: () => browse(),
  search: (rest) => search(rest),
  help: () => help(),
  exit: () => client.leave(),
};

/** Do what a line says: a command, or a text, which two slashes begin with one. */
export function take(line, room, known) {
  const [, slashes, typed, rest] = /^\s*(\/*)(\S*)\s*([^]*)$/.exec(line);
  if (slashes.length !== 1) return say(room, slashes ? line.replace("/", "") : line);
  const name = typed.toLowerCase();
  const meant = known.find((each) => each.name === name || each.also?.split(" ").includes(name))?.name;
  if (meant) return RUN[meant](rest.trim(), room);
  const near = nearest(name, Object.keys(RUN));
  const hint = near ? `did you mean /${near}?` : "/help lists them.";
  throw new Error(`There is no command /${name}; ${hint} A text that begins with / is said with //.`);
}

/** Return the word that has the same letters in another order, or that begins in the same way. */
function nearest(word, words) {
  const letters = (each) => [...each].sort().join("");
  return words.find((each) => letters(each) === letters(word)) ?? words.find((each) => word.startsWith(each.slice(0, 2)));
}
