// The room's own line icons.
import { Icon } from "../ui/icons";

const make = (...paths: string[]) => () => (
  <Icon>
    {paths.map((path) => (
      <path d={path} />
    ))}
  </Icon>
);

export const NotesIcon = make("M6 3.5h9l3.5 3.5v13.5H6z", "M9 10h6M9 13.5h6M9 17h4");
export const CanvasIcon = make("M4 4.5h16v11H4z", "M12 15.5v3M8.5 20.5 12 18.5l3.5 2M7.5 12l2.5-3 2.5 2 4-4");
export const VideoIcon = make("M3.5 6h17v12h-17z", "m10.5 9.5 4 2.5-4 2.5z");
export const BrowserIcon = make(
  "M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17ZM3.8 12h16.4",
  "M12 3.5c5 5 5 12 0 17M12 3.5c-5 5-5 12 0 17",
);
export const CalculatorIcon = make("M6 3.5h12v17H6zM6 9h12", "M9.5 12.8h.01M12 12.8h.01M14.5 12.8h.01M9.5 16.5h.01M12 16.5h.01M14.5 16.5h.01");
export const MusicIcon = make("M9 17.5V5.5l10-2v12", "M6.5 20a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5ZM16.5 18a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5Z");
export const FilesIcon = make("M3.5 6.5h6l2 2.5h9v10.5h-17z");
export const TerminalIcon = make("M3.5 5h17v14h-17z", "m7 9.5 3 2.5-3 2.5M12.5 15H17");
export const DetailsIcon = make("M4 19.5h16M5 16h6M9 12h7M14 8h5M4 4.5h5");
export const SettingsIcon = make("M4 7h9M17 7h3M4 17h3M11 17h9M4 12h4M12 12h8", "M15 5v4M9 15v4M10 10v4");
export const MinimizeIcon = make("M6 17.5h12");
export const MaximizeIcon = make("M6 6h12v12H6z");
export const RestoreIcon = make("M6 9.5h8.5V18H6z", "M9.5 9.5V6H18v8.5h-3.5");
export const LeftIcon = make("M4 5h16v14H4zM12 5v14", "M7 9h2M7 12h2");
export const RightIcon = make("M4 5h16v14H4zM12 5v14", "M15 9h2M15 12h2");
export const BackIcon = make("m14.5 5.5-6.5 6.5 6.5 6.5");
export const CloseIcon = make("m6.5 6.5 11 11M17.5 6.5l-11 11");
export const PlusIcon = make("M12 5v14M5 12h14");
export const TrashIcon = make("M5 7h14M9.5 7V4.5h5V7M7 7l.8 13h8.4L17 7");
export const DownloadIcon = make("M12 4v11M7.5 11 12 15.5 16.5 11M5 19.5h14");
export const OutIcon = make("M13.5 4.5h6v6M19 5l-8 8M16.5 13.5v6h-12v-12h6");
export const PlayIcon = make("M8 5.5 18 12 8 18.5z");
export const StopIcon = make("M7 7h10v10H7z");
export const NextIcon = make("M7 6l8 6-8 6zM17.5 6v12");
export const SendIcon = make("M4 12 20 4.5 14.5 20l-3-6.5z", "m11.5 13.5 4-4.5");
export const KeyboardIcon = make("M3 6.5h18v11H3z", "M6.5 10h.01M10 10h.01M13.5 10h.01M17 10h.01M8 14h8");
export const TaskIcon = make("M12 3.5 14 9l5.5 2-5.5 2-2 5.5-2-5.5L4.5 11 10 9z");
