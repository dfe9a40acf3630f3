import { render } from "preact";

import "../ui/base.css";
import "./room.css";
import "./desktop/desktop.css";
import "./apps/apps.css";

import { takeTokenFromAddress } from "../rtc/api";
import { App } from "./App";
import { listenToKeys } from "./keys";
import { followStatus } from "./session";

takeTokenFromAddress();
void followStatus();
const root = document.getElementById("room");
listenToKeys();
root?.replaceChildren(); // the sentence for browsers that do not get this far
if (root) render(<App />, root);
