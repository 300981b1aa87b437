/** Where the person types: sends texts, runs commands, completes names, and changes what was said. */
import { take } from "./commands.js";
import { attempt, change, chat } from "./desk.js";
import { bdi, byId, element, note, when } from "./dom.js";
import { folded } from "./text.js";

const MOST = 8; // suggestions
const [field, list] = [byId("text"), byId("suggestions")];
const known = [...byId("commands").children].map(({ dataset, lastElementChild }) => ({ ...dataset, help: lastElementChild.textContent }));
let [room, editing, chosen] = [null, null, -1];

/** Show what was begun in the room that the person turned to. */
export function draw() {
  if (chat.current === room) return;
  if (room) room.draft = editing ? "" : field.value;
  [room, editing] = [chat.current, null];
  write(room?.draft ?? "");
}

/** Let the person change what they said; null: go on with what is new. */
export function edit(item) { editing = item; write(item?.text ?? ""); field.focus(); }

export function insert(text) {
  field.setRangeText(text, field.selectionStart, field.selectionEnd, "end");
  field.focus();
}

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
  list.replaceChildren(...found.map(([text, help], at) => {
    const pointerdown = (event) => (event.preventDefault(), complete(at));
    return element("li", { role: "option", id: `option-${at}`, "data-text": text, pointerdown }, bdi(text), note(help ?? ""));
  }));
  list.hidden = !found.length;
  choose(-1);
}

function choose(at) {
  chosen = at;
  for (const [place, row] of [...list.children].entries()) row.ariaSelected = String(place === at);
  field.setAttribute("aria-activedescendant", at < 0 ? "" : `option-${at}`);
}

function complete(at) {
  const end = field.selectionStart;
  const [word] = /\S*$/.exec(field.value.slice(0, end));
  field.setRangeText(`${list.children[at].dataset.text} `, end - word.length, end, "end");
  suggest();
}

field.addEventListener("keydown", (event) => {
  const many = list.children.length;
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const takes = event.key === "Tab" || (event.key === "Enter" && chosen >= 0);
  if (event.isComposing) return;
  if (many && step) choose((chosen + step + many) % many);
  else if (many && takes) complete(Math.max(0, chosen));
  else if (many && event.key === "Escape") suggest([]);
  else if (event.key === "Enter" && !event.shiftKey) submit();
  else if (event.key === "Escape" && editing) edit(null);
  else if (event.key === "ArrowUp" && !field.value && chat.own) edit(chat.own);
  else return;
  event.preventDefault();
});
when("text", "input", () => suggest());
when("text", "blur", () => suggest([]));
when("composer", "submit", submit);
when("cancel", "click", () => edit(null));
