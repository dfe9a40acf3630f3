import { useEffect, useRef, useState } from "preact/hooks";

import { can } from "../state";
import { YOUTUBE, play, player, stop, video, videoId } from "./youtube";

export function Youtube() {
  const frame = useRef<HTMLIFrameElement>(null);
  const shown = video.value;
  const id = shown?.video_id ?? "";
  useEffect(() => {
    if (!id) return;
    player.send = (func) => {
      const command = JSON.stringify({ event: "command", func, args: [] });
      frame.current?.contentWindow?.postMessage(command, YOUTUBE);
    };
    return () => {
      player.send = null;
    };
  }, [id]);
  useEffect(() => stop, []);
  if (!shown) return <Choose />;
  const address = `${YOUTUBE}/embed/${id}?autoplay=1&enablejsapi=1&rel=0&origin=${encodeURIComponent(location.origin)}`;
  return (
    <div class="youtube">
      <iframe
        ref={frame}
        key={id}
        src={address}
        title={shown.title || "Video"}
        allow="autoplay; encrypted-media; fullscreen; picture-in-picture"
        sandbox="allow-scripts allow-same-origin allow-presentation allow-popups"
        referrerpolicy="strict-origin-when-cross-origin"
      />
      <p>
        <strong>{shown.title}</strong> {shown.channel}
      </p>
    </div>
  );
}

function Choose() {
  const [wrong, setWrong] = useState(false);
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const text = String(new FormData(event.currentTarget as HTMLFormElement).get("video") ?? "");
    const id = videoId(text);
    setWrong(!id);
    if (id) play({ video_id: id, title: "Video", channel: "" });
  };
  return (
    <form class="blank" onSubmit={submit}>
      <p>
        {can("youtube") ? "Ask for a video, or paste the address of one." : "Paste the address of a video."} YouTube is asked
        for nothing before that.
      </p>
      <p class="row">
        <input name="video" aria-label="Address of a YouTube video" placeholder="youtube.com/watch?v=…" />
        <button type="submit" class="button">
          Play
        </button>
      </p>
      {wrong ? (
        <p class="warn" role="alert">
          That is no address of a video.
        </p>
      ) : null}
    </form>
  );
}
