// The caller's microphone and loudspeaker: which there are, and which is used.
import { RoomError } from "./api";

export interface Device {
  id: string;
  name: string;
}

/** Throws a RoomError if this browser, at this address, cannot make calls at all. */
export function checkBrowser(): void {
  if (!("RTCPeerConnection" in window) || !("AudioContext" in window)) throw new RoomError("old_browser");
  if (!window.isSecureContext) throw new RoomError("insecure");
  if (!navigator.mediaDevices) throw new RoomError("old_browser");
}

/** Asks for the microphone; rejects with a RoomError that says why there is none. */
export async function openMicrophone(deviceId = ""): Promise<MediaStream> {
  checkBrowser();
  const audio: MediaTrackConstraints = {
    echoCancellation: true,
    noiseSuppression: true,
    autoGainControl: true,
  };
  if (deviceId) audio.deviceId = { ideal: deviceId };
  try {
    return await navigator.mediaDevices.getUserMedia({ audio });
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

/** A microphone that hears nothing, for a caller who types. */
export function silence(context: AudioContext): MediaStream {
  return context.createMediaStreamDestination().stream;
}

/** The devices of one kind; without names before the microphone was allowed. */
export async function devices(kind: "audioinput" | "audiooutput"): Promise<Device[]> {
  const all = (await navigator.mediaDevices?.enumerateDevices().catch(() => [])) ?? [];
  return all
    .filter((one) => one.kind === kind && one.deviceId)
    .map((one, index) => ({ id: one.deviceId, name: one.label || `Device ${index + 1}` }));
}

export const canChooseSpeaker = "setSinkId" in HTMLMediaElement.prototype;
