import { render } from "preact";

import "../ui/base.css";
import "./room.css";
import "./desktop/desktop.css";
import "./apps/apps.css";

import { takeTokenFromAddress } from "../rtc/api";
import { App } from "./App";
import { follow } from "./beside";
import { listenToKeys } from "./keys";
import { followStatus } from "./session";
import { beside } from "./state";

if (beside.value) {
  void follow();
} else {
  takeTokenFromAddress();
  void followStatus();
  listenToKeys();
}
const root = document.getElementById("room");
root?.replaceChildren(); // the sentence for browsers that do not get this far
if (root) render(<App />, root);
