/** Where the person types: sends texts, runs commands, completes names, and changes what was said. */
import { take } from "./commands.js";
import { attempt, change, chat } from "./desk.js";
import { bdi, button, byId, element, note, when } from "./dom.js";
import { folded } from "./text.js";

const MOST = 8; // suggestions
const [field, list] = [byId("text"), byId("suggestions")];
const known = [...byId("commands").children].map(({ dataset, lastElementChild }) => ({ ...dataset, help: lastElementChild.textContent }));
let [room, editing] = [null, null];

/** Show what was begun in the room that the person turned to. */
export function draw() {
  if (chat.current === room) return;
  if (room) room.draft = editing ? "" : field.value;
  [room, editing] = [chat.current, null];
  write(room?.draft ?? "");
}

/** Let the person change what they said; null: go on with what is new. */
export function edit(item) { editing = item; write(item?.text ?? ""); field.focus(); }

function write(text) { field.value = text; byId("editing").hidden = !editing; suggest([]); }

const submit = () => attempt(async () => {
  const line = field.value;
  if (!line.trim()) return;
  await (editing ? change("EDIT", editing, line) : take(line, room, known));
  if (field.value === line) edit(null);
});

/** What may stand at the cursor, as [text, what it is]: a command, a room behind /join, a person behind @. */
function options() {
  const before = field.value.slice(0, field.selectionStart);
  const [word] = /\S*$/.exec(before);
  const names = (mark) => [...(room?.members.keys() ?? [])].map((each) => [mark + each]);
  const all = /^\/\S*$/.test(before) ? known.map((each) => [`/${each.name}`, each.help])
    : /^\/(join|leave) /.test(before) ? chat.list.filter((each) => !each.direct).map((each) => [each.name])
    : /^\/(msg|ignore) \S*$/.test(before) ? names("") : word[0] === "@" ? names("@") : [];
  return all.filter(([each]) => folded(each).startsWith(folded(word)) && each !== word).slice(0, MOST);
}

function suggest(found = options()) {
  const offer = ([text, help]) => button({ click: () => complete(text) }, bdi(text), note(help ?? ""));
  list.replaceChildren(...found.map((each) => element("li", {}, offer(each))));
}

function complete(text) {
  const end = field.selectionStart;
  const [word] = /\S*$/.exec(field.value.slice(0, end));
  field.setRangeText(`${text} `, end - word.length, end, "end");
  field.focus();
  suggest();
}

field.addEventListener("keydown", (event) => {
  const first = list.querySelector("button");
  if (event.isComposing) return;
  if (first && event.key === "Tab" && !event.shiftKey) first.click();
  else if (first && event.key === "Escape") suggest([]);
  else if (event.key === "Enter" && !event.shiftKey) submit();
  else if (event.key === "Escape" && editing) edit(null);
  else if (event.key === "ArrowUp" && !field.value && chat.own) edit(chat.own);
  else return;
  event.preventDefault();
});
when("text", "input", () => suggest());
list.addEventListener("mousedown", (event) => event.preventDefault()); // what is typed keeps the focus
when("composer", "submit", submit);
when("cancel", "click", () => edit(null));
