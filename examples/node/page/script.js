"use strict";
(() => {
	const every = 5000;
	const address = new URL(location.href);
	address.username = address.password = address.hash = ""; // fetch refuses the first two
	const stale = document.getElementById("stale");

	// A reader who types, has the focus somewhere or selects text keeps what is there.
	function inUse(element) {
		const selection = getSelection();
		return element.contains(document.activeElement) ||
			!selection.isCollapsed && selection.containsNode(element, true);
	}

	// Sections that have not changed stay, with their previews.
	function replace(page) {
		document.title = page.title;
		const headline = document.getElementById("headline");
		const next = page.getElementById("headline");
		if (headline.textContent !== next.textContent) {
			headline.textContent = next.textContent;
		}
		document.getElementById("glance").className = page.getElementById("glance").className;
		for (const part of document.querySelectorAll("[data-part]")) {
			const other = page.getElementById(part.id);
			if (other && other.outerHTML !== part.outerHTML && !inUse(part)) {
				part.replaceWith(other);
			}
		}
	}

	async function update() {
		if (document.hidden) {
			return;
		}
		try {
			const answer = await fetch(address, { cache: "no-store", signal: AbortSignal.timeout(4000) });
			const page = new DOMParser().parseFromString(await answer.text(), "text/html");
			if (!page.getElementById("glance")) {
				throw new Error("not the page: " + answer.status);
			}
			replace(page);
			stale.hidden = true;
		} catch {
			stale.hidden = false;
		}
	}

	setInterval(update, every);
	document.addEventListener("visibilitychange", update);
})();
