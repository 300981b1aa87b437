/** The way in: a name, and what else the server asks for. The style shows what goes with the way that is chosen. */
import { client } from "./desk.js";
import { byId, when } from "./dom.js";

export function open(text = "") {
  byId("chat").hidden = !(byId("entrance").hidden = false);
  byId("refused").textContent = text;
  byId("go").disabled = false;
  byId("name").focus();
}

/** Ask for what this server wants, without changing what the person chose. */
export function fit({ access = "open", guests, registration = "off", limits }) {
  if (byId("enter").dataset.access === access) return;
  const ways = { guest: guests, account: true, token: true, register: registration !== "off" };
  for (const each of byId("way").options) each.hidden = each.disabled = !ways[each.value];
  byId("way").value = guests ? "guest" : "account";
  byId("name").maxLength = limits.name_length;
  Object.assign(byId("enter").dataset, { access, registration, way: access === "accounts" ? byId("way").value : access });
}

when("way", "change", ({ value }) => (byId("enter").dataset.way = value));
byId("name").value = client.kept.name || (localStorage.getItem("name") ?? "");
when("enter", "submit", () => {
  const [name, password, invitation] = ["name", "password", "invitation"].map((id) => byId(id).value);
  const made = { password, register: true, invitation: invitation || undefined };
  const proofs = { password: { password }, account: { password }, token: { token: password }, register: made };
  byId("go").disabled = true;
  byId("refused").textContent = "";
  localStorage.setItem("name", name);
  client.enter(name, proofs[byId("enter").dataset.way] ?? {});
});
