/** The web application's script: htmx with its safe settings, and the islands that a page names. */

import "./style.css";
import "./compare.css";
import "./explore.css";
import "./htmx";
import { startIslands } from "./islands";

document.documentElement.classList.add("scripted");
startIslands(document);
document.addEventListener("htmx:afterSettle", (event) => startIslands(event.target as HTMLElement));
