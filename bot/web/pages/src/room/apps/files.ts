// Files that the browser saves; those of this visit stay at hand in the Files window.
import { signal } from "@preact/signals";

import type { FileSave } from "../../messages";
import { type Done, done } from "../desktop/windows";

export interface SavedFile {
  name: string;
  at: number;
  content: Blob;
}
export const files = signal<readonly SavedFile[]>([]);

export function saveFile({ name, mime, text }: Pick<FileSave, "name" | "mime" | "text">): Done {
  save(name, new Blob([text], { type: `${mime};charset=utf-8` }));
  return done();
}

export function save(name: string, content: Blob): void {
  const file = { name: name.replace(/[\\/:*?"<>|\u0000-\u001f]+/g, " ").trim() || "file", at: Date.now(), content };
  files.value = [file, ...files.value.filter((one) => one.name !== file.name)].slice(0, 50);
  download(file);
}

export function download(file: SavedFile): void {
  const address = URL.createObjectURL(file.content);
  const link = document.createElement("a");
  link.href = address;
  link.download = file.name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 60000);
}
