// Line icons of the console, drawn here.
import { Icon } from "../ui/icons";

const path = (d: string) => () => (
  <Icon>
    <path d={d} />
  </Icon>
);

export const NowIcon = path("M3 12h4l3-7 4 14 3-7h4");
export const ModeIcon = path("M4 8h9M17 8h3M4 16h3M11 16h9M13 8a2 2 0 1 0 4 0 2 2 0 0 0-4 0ZM7 16a2 2 0 1 0 4 0 2 2 0 0 0-4 0Z");
export const CallsIcon = path("M4 6h16M4 12h16M4 18h10");
export const HealthIcon = path("M12 20s-7.5-4.6-7.5-10A4.3 4.3 0 0 1 12 7.3 4.3 4.3 0 0 1 19.5 10c0 5.4-7.5 10-7.5 10Z");
export const MoneyIcon = path("M12 4v16M16 7.500c-1-1.2-2.4-1.5-4-1.5-2.2 0-4 1-4 3s1.8 2.6 4 3 4 1 4 3-1.8 3-4 3c-1.8 0-3.2-.5-4.2-1.8");
export const SetupIcon = path("M14.7 6.300a4 4 0 0 0-5.2 5.200L4 17l3 3 5.5-5.500a4 4 0 0 0 5.2-5.200L15 12l-3-3 2.7-2.700Z");
export const ListenIcon = path("M4 14v-2a8 8 0 0 1 16 0v2M4 14a2 2 0 0 1 2-2h1v7H6a2 2 0 0 1-2-2v-3ZM20 14a2 2 0 0 0-2-2h-1v7h1a2 2 0 0 0 2-2v-3Z");
export const ForwardIcon = path("M5 12h13M13 6l6 6-6 6");
export const BackIcon = path("M19 12H6M11 6l-6 6 6 6");
export const WhisperIcon = path("M4 6h16v10H10l-5 4v-4H4V6ZM8.5 11h.1M12 11h.1M15.5 11h.1");
export const DownloadIcon = path("M12 4v11M7 10.500l5 5 5-5M5 20h14");
export const DeleteIcon = path("M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13M10.5 11v5M13.5 11v5");
export const SearchIcon = path("M10.5 17a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13ZM15.5 15.5 20 20");
export const CloseIcon = path("M6 6l12 12M18 6 6 18");
export const OkIcon = path("M5 12.500l4.5 4.500L19 7.5");
