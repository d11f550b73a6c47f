# SPDX-License-Identifier: Apache-2.0
"""The page in headless Chromium: digits are drawn, asked for and right, and nothing of them is in what was sent.

Usage: browser.py --plan FOLDER --pages Web/dist --network network.json [--screenshots FOLDER]
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
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
from playwright.sync_api import Page, sync_playwright
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


MODULE = "const { demonstration: d } = await import('/demo/page/main.js');"


class Visit:
    """A page that was opened."""

    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        self.problems: list[str] = []
        self.urls: list[str] = []
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        page.on("console", lambda message: self.problems.append(message.text) if message.type == "error" else None)
        page.on("request", lambda request: self.urls.append(request.url))
        # The same digits in every run.
        page.add_init_script("Math.random = () => 0.5")
        self.start = time.monotonic()
        page.goto(f"{address}/demo/")

    def call(self, body: str, argument: Any = None) -> Any:
        return self.page.evaluate(f"async (argument) => {{ {MODULE} {body} }}", argument)

    def draw(self, digit: int) -> None:
        strokes = "const { strokesOf } = await import('/demo/page/strokes.js');"
        self.call(f"{strokes} d.drawing.clear(); await d.drawing.play(strokesOf(argument), false);", digit)

    def draw_by_hand(self, points: list[tuple[float, float]]) -> None:
        """With the mouse; places from 0 to 1."""
        self.page.click("#clear")
        box = self.page.locator("#drawing").bounding_box()
        assert box is not None
        for number, (x, y) in enumerate(points):
            self.page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"], steps=4)
            if number == 0:
                self.page.mouse.down()
        self.page.mouse.up()

    def ask(self) -> dict[str, Any]:
        """Presses the button, and says what was asked and answered, with the seconds that it took."""
        until(lambda: self.page.is_enabled("#ask"), "a client")
        self.page.evaluate("document.getElementById('status').textContent = ''")
        self.page.click("#ask")
        status = self.page.locator("#status")

        def text() -> str:
            return status.text_content() or ""

        until(lambda: text().startswith("Answered") or status.get_attribute("class"), "an answer")
        require(text().startswith("Answered"), text())
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
        found["shown"] = self.page.inner_text("#answer")
        return found


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


SEVEN = [(0.25, 0.2), (0.72, 0.2), (0.62, 0.45), (0.48, 0.85)]


def run(options: argparse.Namespace, page: Page, service: Service, plan: blindsight.Plan) -> None:
    visit = Visit(page, service.address)
    visit.draw(3)
    found = [visit.ask()]
    first = time.monotonic() - visit.start
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
    page.wait_for_selector("#verify", state="visible")
    page.click("#verify")
    until(lambda: page.inner_text("#verdict"), "a verdict")
    require("All 10 integers are equal" in page.inner_text("#verdict"), page.inner_text("#verdict"))
    if options.screenshots:
        options.screenshots.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=options.screenshots / "page.png", full_page=True)
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
    require(all(url.startswith(service.address) for url in visit.urls), "another place was asked")
    require(not visit.problems, f"{visit.problems}")
    degree = int(visit.call("return d.client.plan.degree;"))
    check_traffic(service, found, secret, degree)
    further = sorted(each["seconds"] for each in found[1:])[len(found) // 2]
    print(f"check-web: {right} of 10 drawn digits are right; one drawn by mouse is, too")
    print(f"check-web: first visit to answer {first:.2f} s (reach {REACH[0]} s on two idle cores)")
    print(f"check-web: a further digit {further:.3f} s (median; reach {REACH[1]} s)")
    steps = {name: round(value, 1) for name, value in found[0]["milliseconds"].items()}
    once = visit.call("return d.once;")
    print(f"check-web: ms of the first visit {json.dumps({name: round(x, 1) for name, x in once.items()})}, {steps}")
    print(f"check-web: ms of the last digit { ({name: round(x, 1) for name, x in found[-1]['milliseconds'].items()}) }")


def check_refusals(visit: Visit, service: Service) -> None:
    """A reply that is refused for what only the key tells makes the page say so, and send nothing."""
    honest = service.answers
    service.answers = lambda reply: spoiled(reply)
    sent = len(service.lines)
    visit.page.click("#ask")
    status = visit.page.locator("#status")
    until(lambda: status.get_attribute("class") == "bad", "a refusal")
    require("never tell the server" in (status.text_content() or ""), status.text_content() or "")
    time.sleep(0.5)
    require([line.split()[0] for line in service.lines[sent:]] == ["POST"], f"{service.lines[sent:]}")
    service.answers = honest
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
    if not chromium:
        sys.exit("check-web: no chromium; on Debian: apt-get install chromium")
    plan = blindsight.Plan.load(options.plan)
    service = Service(plan, options.pages, options.network.read_bytes())
    threading.Thread(target=service.serve_forever, daemon=True).start()
    # Nothing but loopback can be found.
    arguments = ["--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"]
    if os.getuid() == 0:
        arguments.append("--no-sandbox")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=arguments)
        run(options, browser.new_page(viewport={"width": 1280, "height": 900}), service, plan)
        browser.close()
    service.shutdown()


if __name__ == "__main__":
    main()
