/* A room for each path: what one member sends, all others get, as the library ws shows it for a broadcast.
 * Run by hand: `NODE_PATH=build/bench/node/node_modules node bench/peers/server_ws.js 9000`. */
"use strict";

const { WebSocket, WebSocketServer } = require("ws");

const rooms = new Map();

function enter(member, path) {
  if (!rooms.has(path)) rooms.set(path, new Set());
  const members = rooms.get(path);
  members.add(member);
  member.on("close", () => members.delete(member));
  member.on("error", () => {}); // a member who breaks off is closed next
  member.on("message", (text) => relay(members, member, text));
  member.send("joined");
}

function relay(members, sender, text) {
  for (const member of members) {
    if (member !== sender && member.readyState === WebSocket.OPEN) member.send(text, { binary: false });
  }
}

// Compression is off by default.
const server = new WebSocketServer({ host: "127.0.0.1", port: Number(process.argv[2] || 0), backlog: 4096 });
server.on("connection", (member, request) => enter(member, request.url));
server.on("listening", () => {
  console.log(JSON.stringify({ event: "listening", port: server.address().port }));
});
