/** The server's codes in a person's words, which stand in the page. */
import { byId } from "./dom.js";

const find = (kind, code) => byId("words").content.querySelector(`[data-${kind}~="${CSS.escape(code)}"]`)?.textContent;
const sentence = (text) => text.charAt(0).toUpperCase() + text.slice(1) + (/[.!?…]$/.test(text) ? "" : ".");

/** Why the server refused something, without the name of the protocol's message. */
export const refusal = ({ code, text }) =>
  find("refusal", code) ?? sentence((find("subject", code) ?? "") + ((text ?? "").replace(/^[A-Z_]+: /, "") || code.replaceAll("_", " ")));

/** Why the server ends a connection. */
export const farewell = ({ reason, text }) => find("farewell", reason) ?? sentence(text || reason.replaceAll("_", " "));

/** Why somebody left; nothing if there is nothing to say about it. */
export const departure = (reason) => find("departure", reason) ?? "";
