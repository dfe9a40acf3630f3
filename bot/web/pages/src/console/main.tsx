import { effect } from "@preact/signals";
import { render } from "preact";

import "../ui/base.css";
import "./console.css";

import { App } from "./App";
import { session, whoAmI } from "./api";
import { follow, unfollow } from "./live";

effect(() => {
  const state = session.value?.state;
  if (state === "open" || state === "signed_in") follow();
  else if (state) unfollow();
});

async function begin(): Promise<void> {
  try {
    await whoAmI();
  } catch {
    setTimeout(() => void begin(), 2000);
  }
}

void begin();
const root = document.getElementById("console");
if (root) render(<App />, root);
