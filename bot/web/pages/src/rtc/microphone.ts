import { RoomError } from "./api";

/** Asks for the microphone; rejects with a RoomError that says why there is none. */
export async function openMicrophone(): Promise<MediaStream> {
  if (!window.isSecureContext) throw new RoomError("insecure");
  if (!navigator.mediaDevices || !("RTCPeerConnection" in window)) throw new RoomError("old_browser");
  try {
    return await navigator.mediaDevices.getUserMedia({
      audio: { echoCancellation: true, noiseSuppression: true, autoGainControl: true },
    });
  } catch (error) {
    const name = error instanceof DOMException ? error.name : "";
    if (name === "NotAllowedError" || name === "SecurityError") {
      throw new RoomError("microphone_refused");
    }
    if (name === "NotFoundError" || name === "OverconstrainedError") {
      throw new RoomError("no_microphone");
    }
    throw new RoomError("microphone_busy");
  }
}
