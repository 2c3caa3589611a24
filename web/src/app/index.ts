/** The web application's script: htmx with its safe settings, and the islands that a page names. */

import "./style.css";
import "./bars.css";
import "./compare.css";
import "./linked.css";
import "./attributes.css";
import "./play.css";
import "./results.css";
import "./explore.css";
import "./htmx";
import { startIslands } from "./islands";

document.documentElement.classList.add("scripted");
startIslands(document);
document.addEventListener("htmx:afterSettle", (event) => startIslands(event.target as HTMLElement));
