/** The way in: a name, and what else the server asks for. */
import { byId } from "./dom.js";

export class Entrance {
  #client;
  #greeting = {};

  constructor(client) {
    this.#client = client;
    byId("name").value = client.kept.name || localStorage.getItem("name") || "";
    byId("enter").addEventListener("submit", (event) => (event.preventDefault(), this.#enter()));
    byId("way").addEventListener("change", () => this.#fit());
  }

  open(text = "") {
    byId("chat").hidden = !(byId("entrance").hidden = false);
    byId("refused").textContent = text;
    byId("go").disabled = false;
    byId("name").focus();
  }

  /** Ask for what this server wants. */
  greeted(greeting) {
    const { access, guests, registration = "off", limits } = (this.#greeting = greeting);
    const ways = { guest: guests, account: true, token: true, register: registration !== "off" };
    byId("name").maxLength = limits.name_length;
    byId("ways").hidden = access !== "accounts";
    for (const each of byId("way").options) each.hidden = each.disabled = !ways[each.value];
    byId("way").value = guests ? "guest" : "account";
    this.#fit();
  }

  get #way() { return this.#greeting.access === "accounts" ? byId("way").value : this.#greeting.access; }

  #fit() {
    const fields = { secret: this.#way && this.#way !== "guest", invited: this.#way === "register" && this.#greeting.registration === "invitation" };
    for (const [id, shown] of Object.entries(fields)) {
      byId(id).hidden = !shown;
      byId(id).lastElementChild.required = Boolean(shown);
    }
    byId("secret").firstElementChild.textContent = { token: "Token", password: "Password of this chat" }[this.#way] ?? "Password";
    byId("password").autocomplete = this.#way === "register" ? "new-password" : "current-password";
  }

  #enter() {
    const [name, password, invitation] = ["name", "password", "invitation"].map((id) => byId(id).value);
    const proof = { password: { password }, account: { password }, token: { token: password }, register: { password, register: true } }[this.#way];
    const invited = byId("invited").hidden ? {} : { invitation };
    byId("go").disabled = true;
    byId("refused").textContent = "";
    localStorage.setItem("name", name);
    this.#client.enter(name, { ...proof, ...invited });
  }
}
