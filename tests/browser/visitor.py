"""Somebody who uses the page: one tab, what it shows, and what went wrong in it."""

from playwright.sync_api import BrowserContext, ConsoleMessage, Locator, Page, expect

from tests.support.peer import PATIENCE

#: What a browser writes to the console when a server is not there, which is no fault of the page.
UNREACHABLE = "WebSocket connection to"
#: Counts frames that took longer than 50 ms, from before the page's own scripts run.
WATCH = """
globalThis.longTasks = [];
new PerformanceObserver((list) => longTasks.push(...list.getEntries().map((each) => each.duration)))
  .observe({ type: "longtask" });
globalThis.violations = [];
document.addEventListener("securitypolicyviolation", (event) => violations.push(event.violatedDirective));
"""
expect.set_options(timeout=PATIENCE * 1000)


class Visitor:
    """One tab of the chat."""

    def __init__(self, context: BrowserContext, address: str) -> None:
        self.address = address
        self.faults: list[str] = []
        self.page: Page = context.new_page()
        self.page.add_init_script(WATCH)
        self.page.on("console", self._on_console)
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and UNREACHABLE not in message.text:
            self.faults.append(message.text)

    # What they do

    def open(self, room: str = "") -> None:
        """Open the page, and wait until it asks for a name."""
        self.page.goto(f"{self.address}#{room}")
        expect(self.page.locator("#name")).to_be_visible()

    def enter(self, name: str, room: str = "") -> None:
        """Open the page and come in."""
        self.open(room)
        self.page.fill("#name", name)
        self.page.keyboard.press("Enter")
        expect(self.page.locator("#chat")).to_be_visible()
        expect(self.page.locator("#title")).to_have_text(f"#{room or 'lobby'}")

    def type(self, text: str) -> None:
        """Type a text or a command, and send it."""
        self.page.fill("#text", text)
        self.page.press("#text", "Enter")

    def say(self, *texts: str) -> None:
        """Say texts, and wait until each is stored."""
        for text in texts:
            self.type(text)
        expect(self.page.locator(".row.waits")).to_have_count(0)

    def turn_to(self, title: str) -> None:
        """Choose a room or a person at the left."""
        self.page.locator("#rooms .link", has_text=title).click()

    def comes_back(self) -> None:
        """Connect without waiting for the time of the next try, unless that has come."""
        self.page.evaluate("dispatchEvent(new Event('online'))")
        expect(self.page.locator("#banner")).to_be_hidden()

    # What they see

    @property
    def texts(self) -> Locator:
        """What was said in the room that they are in."""
        return self.page.locator("#log .text")

    def text(self, words: str) -> Locator:
        """Return the message with these words."""
        return self.page.locator("#log .row", has_text=words)

    def sees(self, *texts: str) -> None:
        """Check that just these were said in the room, in this order."""
        expect(self.texts).to_have_text(list(texts))

    def is_told(self, words: str) -> None:
        """Check that a remark with these words stands in the room."""
        expect(self.page.locator("#log .remark", has_text=words).last).to_be_visible()

    def check(self) -> None:
        """Nothing went wrong in the page, and nothing was tried that the policy forbids."""
        assert self.faults == []
        assert self.page.evaluate("globalThis.violations ?? []") == []
