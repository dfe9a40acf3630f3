import { render } from "preact";

import "../ui/base.css";
import "./room.css";

import { takeTokenFromAddress } from "../rtc/api";
import { App } from "./App";
import { followStatus } from "./session";

takeTokenFromAddress();
void followStatus();
const root = document.getElementById("room");
if (root) render(<App />, root);
