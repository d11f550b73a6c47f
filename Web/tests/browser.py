# SPDX-License-Identifier: Apache-2.0
"""The page in headless Chromium: digits are drawn, asked for and right, and nothing of them is in what was sent.

Usage: browser.py --plan FOLDER --pages Web/dist --network network.json [--screenshots FOLDER]
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import os
import shutil
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any, Callable

import blindsight
import numpy as np
from selenium.webdriver import ActionChains, Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service as Driver
from selenium.webdriver.common.by import By
from server import Service
from traffic import heads, require, search

# First visit to answer, and a further digit, in seconds, on two cores that do nothing else. Said, never a failure.
REACH = (4.0, 0.15)
PATIENCE = 60.0


def until(condition: Callable[[], Any], what: str) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"waited in vain for {what}")
        time.sleep(0.005)


# Resolves when the page has answered or refused, with the milliseconds since the navigation began.
ANSWERED = """
const status = document.getElementById("status");
await new Promise((resolve) => {
  const look = () => {
    if (status.textContent.startsWith("Answered") || status.className) resolve();
  };
  new MutationObserver(look).observe(status, { attributes: true, childList: true, characterData: true });
  look();
});
return performance.now();
"""


class Visit:
    """A page that was opened."""

    def __init__(self, driver: Chrome, address: str) -> None:
        self.driver = driver
        # The same digits in every run.
        source = "Math.random = () => 0.5"
        driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": source})
        driver.get(f"{address}/demo/")

    def call(self, body: str, argument: Any = None) -> Any:
        """The value of an asynchronous function of `argument` and of the demonstration, d."""
        module = "const { demonstration: d } = await import('/demo/page/main.js');"
        script = f"""
        const [argument, done] = arguments;
        const body = async () => {{ {module} {body} }};
        body().then((value) => done({{ value }}), (error) => done({{ error: `${{error.stack}}` }}));
        """
        found = self.driver.execute_async_script(script, argument)
        require("error" not in found, found.get("error", ""))
        return found.get("value")

    def text(self, name: str) -> str:
        return self.driver.find_element(By.ID, name).get_attribute("textContent") or ""

    def click(self, name: str) -> None:
        element = self.driver.find_element(By.ID, name)
        until(element.is_enabled, name)
        element.click()

    def draw(self, digit: int) -> None:
        strokes = "const { strokesOf } = await import('/demo/page/strokes.js');"
        self.call(f"{strokes} d.drawing.clear(); await d.drawing.play(strokesOf(argument), false);", digit)

    def draw_by_hand(self, points: list[tuple[float, float]]) -> None:
        """With the mouse; places from -0.5 to 0.5."""
        self.click("clear")
        canvas = self.driver.find_element(By.ID, "drawing")
        width, height = canvas.size["width"], canvas.size["height"]
        actions = ActionChains(self.driver, duration=100)
        for number, (x, y) in enumerate(points):
            actions.move_to_element_with_offset(canvas, int(x * width), int(y * height))
            if number == 0:
                actions.click_and_hold()
        actions.release().perform()

    def press(self) -> float:
        """Presses the button, and waits; the milliseconds since the page was asked for."""
        element = self.driver.find_element(By.ID, "ask")
        until(element.is_enabled, "a client")
        self.call("const status = document.getElementById('status'); status.textContent = ''; status.className = '';")
        element.click()
        return float(self.call(ANSWERED))

    def ask(self) -> dict[str, Any]:
        """What was asked and answered, and the seconds that it took."""
        since = self.press()
        require(self.text("status").startswith("Answered"), self.text("status"))
        found: dict[str, Any] = self.call(
            """
            const { sample, exchange: { prediction, request, reply, milliseconds } } = d.last;
            const text = (bytes) => btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
            return {
              sample: Array.from(sample), quantized: Array.from(await d.client.quantize(sample)),
              logits: prediction.logits.map(String), values: prediction.values, label: prediction.label,
              request: text(request), reply: text(reply), milliseconds, seconds: d.last.milliseconds / 1000,
            };
            """
        )
        found["shown"] = self.text("answer")
        found["since"] = since / 1000
        return found

    def problems(self) -> list[str]:
        """Errors on the console since it was asked last."""
        entries = self.driver.get_log("browser")  # type: ignore[no-untyped-call]
        return [entry["message"] for entry in entries if entry["level"] == "SEVERE"]


def check_traffic(service: Service, found: list[dict[str, Any]], secret: bytes, degree: int) -> None:
    traffic = service.received()
    packed = np.frombuffer(secret[-32 - degree // 4 : -32], np.uint8)
    fields = np.stack([packed >> shift & 3 for shift in (0, 2, 4, 6)], axis=1).reshape(-1)
    coefficients = np.where(fields == 2, -1, fields.astype(np.int64))
    search(traffic, "the packed secret key", packed.astype(np.int64))
    search(traffic, "the secret key", coefficients)
    search(traffic, "the secret key's fields", fields.astype(np.int64))
    # Keys are of the first visit; digits came after them.
    small = b"\n".join(record for record in map(bytes, service.records) if len(record) < 10_000_000)
    for number, each in enumerate(found):
        place = traffic if number == 0 else small + traffic[-1_000_000:]
        search(place, "pixels", np.array(each["sample"]))
        search(place, "pixels as shares", np.array(each["sample"]) / 255)
        search(place, "integers of the sample", np.array(each["quantized"]))
        search(place, "logits", np.array([float(x) for x in each["logits"]]))
        search(place, "values", np.array(each["values"]))
    # What stands around ciphertext is the same for every digit, byte for byte, so it says nothing of any.
    posts = {head for record in service.records for head in heads(bytes(record)) if head.startswith(b"POST")}
    require(len(posts) == 1, f"{len(posts)} different heads of predictions")
    verbs = [line.split()[0] for line in service.lines]
    require(verbs.count("PUT") == 1, f"{verbs}")
    require(verbs.count("POST") == len(found), f"{verbs.count('POST')} predictions for {len(found)} digits")
    require(set(verbs) == {"GET", "PUT", "POST"}, f"{set(verbs)}")
    require(not any("?" in line for line in service.lines if not line.startswith("PUT")), "a query was sent")
    print(f"check-web: {len(traffic):,} bytes were sent, in none of which was the key, a pixel, a logit or a label")


SEVEN = [(-0.25, -0.3), (0.22, -0.3), (0.12, -0.05), (-0.02, 0.35)]


def run(options: argparse.Namespace, driver: Chrome, service: Service, plan: blindsight.Plan) -> None:
    visit = Visit(driver, service.address)
    visit.draw(3)
    found = [visit.ask()]
    require(found[0]["shown"] == "3", f"a 3 was read as {found[0]['shown']}")
    require("upload" in found[0]["milliseconds"], "no keys were sent")
    right = 0
    for digit in range(10):
        visit.draw(digit)
        found.append(visit.ask())
        right += found[-1]["shown"] == str(digit)
    require(right >= 9, f"{right} of 10 digits are right")
    visit.draw_by_hand(SEVEN)
    found.append(visit.ask())
    require(found[-1]["shown"] == "7", f"a 7 was read as {found[-1]['shown']}")

    samples = np.array([each["sample"] for each in found], np.float32)
    expected = plan.simulate(samples)
    for number, each in enumerate(found):
        require([int(x) for x in each["logits"]] == list(map(int, expected.logits[number])), "logits differ")
        require(each["label"] == each["shown"] == str(expected.labels[number]), "labels differ")

    sent = len(service.lines)
    until(lambda: driver.find_element(By.ID, "verify").is_displayed(), "the network")
    visit.click("verify")
    until(lambda: visit.text("verdict"), "a verdict")
    require("All 10 integers are equal" in visit.text("verdict"), visit.text("verdict"))
    if options.screenshots:
        options.screenshots.mkdir(parents=True, exist_ok=True)
        height = driver.execute_script("return document.documentElement.scrollHeight")
        driver.set_window_size(1280, int(height) + 150)
        driver.save_screenshot(str(options.screenshots / "page.png"))
    require(len(service.lines) == sent, f"sent after the answer: {service.lines[sent:]}")

    # The same key and reply in another client's hands.
    secret = bytes(visit.call("return Array.from(await d.client.secretKey());"))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "secret.key"
        path.write_bytes(secret)
        path.chmod(0o600)
        with blindsight.Client.load(path, plan) as other:
            for each in found[:3]:
                decrypted = other.decrypt(base64.b64decode(each["reply"]), base64.b64decode(each["request"]))
                require(decrypted.logits[0].tolist() == [int(x) for x in each["logits"]], "another client differs")

    check_refusals(visit, service)
    degree = int(visit.call("return d.client.plan.degree;"))
    urls = visit.call("return performance.getEntriesByType('resource').map(({ name }) => name);")
    require(len(urls) > 10 and all(url.startswith(service.address) for url in urls), f"another place was asked: {urls}")
    closed = visit.call(
        """
        await d.client.close();
        const calls = [d.client.encrypt(new Float32Array(784)), d.client.secretKey()];
        return (await Promise.allSettled(calls)).map(({ status, reason }) => `${status}: ${reason?.message}`);
        """
    )
    require(all(text == "rejected: the client was closed" for text in closed), f"after close: {closed}")
    require(not visit.problems(), "errors on the console")
    check_traffic(service, found, secret, degree)
    print(f"check-web: {right} of 10 drawn digits are right; one drawn by mouse is, too")
    report(visit, found)


def report(visit: Visit, found: list[dict[str, Any]]) -> None:
    """Times are said, and are no test."""
    first = found[0]["since"]
    further = sorted(each["seconds"] for each in found[1:])[len(found) // 2]
    print(f"check-web: first visit to answer {first:.2f} s (reach {REACH[0]} s on two idle cores)")
    print(f"check-web: a further digit {further:.3f} s (median; reach {REACH[1]} s)")
    # Of keys the time in which they were made, not the rest of it that the visitor waited for.
    steps = {**found[0]["milliseconds"], **visit.call("return d.once;")}
    print("check-web: ms of the first visit: " + ", ".join(f"{name} {value:.0f}" for name, value in steps.items()))
    steps = found[-1]["milliseconds"]
    print("check-web: ms of the last digit: " + ", ".join(f"{name} {value:.1f}" for name, value in steps.items()))
    print(f"check-web: load of the machine {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")


def check_refusals(visit: Visit, service: Service) -> None:
    """A reply that is refused for what only the key tells makes the page say so, and send nothing."""
    service.answers = spoiled
    sent = len(service.lines)
    visit.press()
    require("never tell the server" in visit.text("status"), visit.text("status"))
    time.sleep(0.5)
    require([line.split()[0] for line in service.lines[sent:]] == ["POST"], f"{service.lines[sent:]}")
    service.answers = bytes
    # It isn't among those that were compared.
    del service.lines[sent:]


def spoiled(reply: bytes) -> bytes:
    body = reply[:136] + b"\x55" * 1000 + reply[1136:-32]
    return body + hashlib.sha256(body).digest()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--plan", type=Path, required=True)
    parser.add_argument("--pages", type=Path, required=True)
    parser.add_argument("--network", type=Path, required=True)
    parser.add_argument("--screenshots", type=Path)
    options = parser.parse_args()
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    chromedriver = os.environ.get("CHROMEDRIVER") or shutil.which("chromedriver")
    if not chromium or not chromedriver:
        sys.exit("check-web: no chromium or no chromedriver; on Debian: apt-get install chromium chromium-driver")
    plan = blindsight.Plan.load(options.plan)
    service = Service(plan, options.pages, options.network.read_bytes())
    threading.Thread(target=service.serve_forever, daemon=True).start()
    settings = ChromeOptions()
    settings.binary_location = chromium
    settings.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    # Nothing but loopback can be found.
    for argument in ("headless=new", "window-size=1280,1000", "host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"):
        settings.add_argument(f"--{argument}")
    if os.getuid() == 0:
        settings.add_argument("--no-sandbox")
    # Not one that observes the network: a copy of all that is sent takes longer than to send it.
    driver = Chrome(options=settings, service=Driver(chromedriver))
    try:
        driver.set_script_timeout(PATIENCE)
        run(options, driver, service, plan)
    finally:
        driver.quit()
    service.shutdown()


if __name__ == "__main__":
    main()
