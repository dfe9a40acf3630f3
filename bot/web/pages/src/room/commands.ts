// Every command of the tools (`tools/ui.py`), done, and answered with what really happened.
import type { UiCommand } from "../messages";
import { showPage } from "./apps/browser";
import { canvas } from "./apps/canvas";
import { saveFile } from "./apps/files";
import { control as controlMusic, setVolume } from "./apps/music";
import { closeNote, showNote } from "./apps/notes";
import { dismiss, summon } from "./apps/sprite";
import { control as controlVideo, play } from "./apps/youtube";
import { switchDesktop } from "./desktop/modes";
import { type Done, arrange, close, closeAll, done, failed, open } from "./desktop/windows";

export async function perform(command: UiCommand): Promise<Done> {
  try {
    return await act(command);
  } catch (error) {
    return failed(`the page broke at it: ${error instanceof Error ? error.message : "no idea why"}`);
  }
}

async function act({ command, payload }: UiCommand): Promise<Done> {
  switch (command) {
    case "window.open":
      return open(payload.app);
    case "window.arrange":
      return arrange(payload.window, payload.action);
    case "note.show":
      return showNote(payload);
    case "note.close":
      return closeNote(payload.id);
    case "file.save":
      return saveFile(payload);
    case "youtube.play":
      return play(payload);
    case "youtube.control":
      return controlVideo(payload.action);
    case "soundtrack.control":
      return controlMusic(payload.action);
    case "soundtrack.volume":
      return setVolume(payload.level, payload.step);
    case "sprite.summon":
      return summon(payload.prompt);
    case "sprite.dismiss":
      return dismiss();
    case "desktop.switch":
      return switchDesktop(payload.mode);
    case "browser.open":
      return showPage(payload.url);
    case "views.close":
      return payload.which === "all" ? closeAll() : close(payload.which);
    case "canvas.text":
    case "canvas.table":
    case "canvas.chart":
    case "canvas.image":
      return show({ command, payload } as Parameters<typeof show>[0]);
    case "canvas.clear":
      if (!canvas.value) return done("The canvas was empty already.");
      canvas.value = null;
      return done();
  }
  return failed("this page does not know that command; reload it");
}

function show(content: NonNullable<typeof canvas.value>): Done {
  canvas.value = content;
  open("canvas");
  if (content.command !== "canvas.image") return done();
  return done("The picture is on the canvas as soon as the caller clicks there to load it.");
}
