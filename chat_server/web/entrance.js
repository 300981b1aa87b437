/** The way in: a name, and what else the server asks for. The style shows what goes with the way that is chosen. */
import { byId } from "./dom.js";

export class Entrance {
  #client;

  constructor(client) {
    this.#client = client;
    byId("name").value = client.kept.name || (localStorage.getItem("name") ?? "");
    byId("enter").addEventListener("submit", (event) => (event.preventDefault(), this.#enter()));
    byId("way").addEventListener("change", () => (byId("enter").dataset.way = byId("way").value));
  }

  open(text = "") {
    byId("chat").hidden = !(byId("entrance").hidden = false);
    byId("refused").textContent = text;
    byId("go").disabled = false;
    byId("name").focus();
  }

  /** Ask for what this server wants. */
  greeted({ access = "open", guests, registration = "off", limits }) {
    const ways = { guest: guests, account: true, token: true, register: registration !== "off" };
    for (const each of byId("way").options) each.hidden = each.disabled = !ways[each.value];
    byId("way").value = guests ? "guest" : "account";
    byId("name").maxLength = limits.name_length;
    const way = access === "accounts" ? byId("way").value : access;
    Object.assign(byId("enter").dataset, { access, registration, way });
  }

  #enter() {
    const [name, password, invitation] = ["name", "password", "invitation"].map((id) => byId(id).value);
    const { way } = byId("enter").dataset;
    const made = { password, register: true, invitation: invitation || undefined };
    const proof = { password: { password }, account: { password }, token: { token: password }, register: made }[way] ?? {};
    byId("go").disabled = true;
    byId("refused").textContent = "";
    localStorage.setItem("name", name);
    this.#client.enter(name, proof);
  }
}
