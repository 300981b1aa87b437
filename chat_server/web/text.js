/** Names and texts of others: links, mentions, colours. Pure; nothing here makes markup. */

// Signs that turn or hide text end a link, so that it cannot show another address than its own.
const LINK = /https?:\/\/[^\s<>"\p{Cc}\p{Cf}]+/giu;
const TAIL = /[.,;:!?'’”»*_)\]}]+$/u;
// Scripts that put no blanks between words, or particles right after a name, end a word at each place.
const APART = ["Han", "Hiragana", "Katakana", "Hangul", "Thai", "Lao", "Khmer", "Myanmar"];
const WORD = `[[\\p{L}\\p{M}\\p{N}_]--[${APART.map((each) => `\\p{Script=${each}}`).join("")}]]`;

/** What two names that are the same have in common. */
export const folded = (name) => name.normalize("NFKC").toLowerCase();

/** Take a text apart into `{ text }` and `{ text, href }`. */
export function pieces(text) {
  const found = [];
  let end = 0;
  for (const { 0: match, index } of text.matchAll(LINK)) {
    const tail = TAIL.exec(match)?.[0] ?? "";
    const closed = tail.startsWith(")") && match.includes("(") ? 1 : 0; // as addresses of encyclopedias end
    const address = match.slice(0, match.length - tail.length + closed);
    if (!URL.canParse(address)) continue;
    found.push({ text: text.slice(end, index) }, { text: address, href: new URL(address).href });
    end = index + address.length;
  }
  return [...found, { text: text.slice(end) }].filter((each) => each.text);
}

/** Whether a text calls somebody by name, as a word. */
export function mentions(text, name) {
  const literal = folded(name).replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
  return new RegExp(`(?<!${WORD})${literal}(?!${WORD})`, "v").test(folded(text));
}

/** The colour of a name, in degrees: the same for everybody and at any time. */
export function hue(name) {
  let hash = 2166136261;
  for (const each of folded(name)) hash = Math.imul(hash ^ each.codePointAt(0), 16777619);
  return (hash >>> 0) % 360;
}

/** The first letter with what is put on it. */
export const initial = (name) => /^.\p{M}*/su.exec(name)[0].toUpperCase();
