/** The chat, the connection to it, and what the parts of the page do with them. */
import { Chat } from "./chat.js";
import { Client } from "./client.js";
import { byId } from "./dom.js";

export const on = {}; // what to do when something happens in the chat or is chosen; main.js says so
export const chat = new Chat(on);
export const client = (chat.client = new Client("ws", chat));

/** Do what the person asked for, or tell them why it cannot be done. */
export async function attempt(deed) { try { await deed(); } catch (error) { chat.remark(error.message); } }

export function say(room, text, action) {
  if (!room) throw new Error("You are in no room; /join one first.");
  client.say(room.direct ? { type: "DM", to: room.title, text, action } : { type: "MSG", room: room.name, text, action });
}

/** Edit or delete a message. */
export async function change(type, item, text) {
  if (!item) throw new Error("There is no message of yours here to change.");
  await client.ask({ type, id: item.id, room: item.room, text });
  chat[type]({ room: item.room, of: item.id, text });
}

export async function join(name, password) {
  const known = chat.rooms.get(name.replace(/^#/, "").toLowerCase());
  chat.turnTo(known ?? chat.room((await client.ask({ type: "JOIN", room: name, password })).room));
}

/** Write with somebody. */
export function turnTo(name) { chat.turnTo(chat.direct(name)); byId("text").focus(); }
