// One SIP line in this page: registers, keeps trying, has at most one call. Knows nothing of the page and its devices.

import JsSIP from "/static/vendor/jssip/jssip.esm.js";

// The line broke, nobody hung up (Q.850): the case is not over, and rings this seat again as soon as it is back.
const BROKEN = "Reason: Q.850;cause=38";
const [LOGGED_OUT, OPENED_ELSEWHERE] = [4401, 4409];
const AGAIN = 5000; // ms until a refused registration is tried once more
const HOST = "phone.invalid"; // the exchange knows a line by its user alone

// Tells `state(name)`: `registering`, `ready`, `refused`, `away`, `elsewhere`, `logged_out`; `rings()`;
// `speaks(connection)` when a call was answered; `silent()`: its sound does not come through; `over({ broke })`.
export class Line {
  constructor({ user, password, agent, servers }, told) {
    this.told = told;
    this.call = null;
    this.isEcho = false;
    this.servers = servers; // of each call from now on
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const socket = new JsSIP.WebSocketInterface(`${scheme}://${location.host}/api/v1/phone/socket`);
    this.ua = new JsSIP.UA({
      sockets: [socket],
      uri: `sip:${user}@${HOST}`,
      password,
      user_agent: agent,
      register_expires: 120,
      session_timers: false,
      connection_recovery_min_interval: 1,
      connection_recovery_max_interval: 8,
    });
    this.ua.on("connecting", () => told.state("registering"));
    this.ua.on("registered", () => told.state("ready"));
    this.ua.on("registrationFailed", ({ response }) => this.refused(response));
    this.ua.on("disconnected", ({ code }) => this.disconnected(code));
    this.ua.on("newRTCSession", ({ session }) => this.begins(session));
    this.ua.start();
  }

  refused(response) {
    if (!response) return; // the connection broke, which is told by itself
    this.told.state("refused");
    setTimeout(() => this.ua.isConnected() && this.ua.register(), AGAIN);
  }

  disconnected(code) {
    if (code === OPENED_ELSEWHERE || code === LOGGED_OUT) {
      this.ua.stop();
      this.told.state(code === LOGGED_OUT ? "logged_out" : "elsewhere");
    } else {
      this.told.state("away");
    }
  }

  begins(session) {
    const comesIn = session.direction === "incoming";
    if (comesIn && this.call && !this.isEcho) {
      session.terminate({ status_code: 486 });
      return;
    }
    if (comesIn && this.call) this.call.terminate();
    this.call = session;
    this.isEcho = !comesIn;
    const terminate = session.terminate.bind(session);
    // JsSIP ends a call by itself when its sound is gone: that is a line that broke.
    session.terminate = (options = {}) =>
      terminate(options.status_code === 408 ? { cause: options.cause, extraHeaders: [BROKEN] } : options);
    session.on("icecandidate", ({ ready }) => ready()); // the first address will do: the exchange finds the others
    if (session.connection) this.connects(session, session.connection); // a call of our own has one from the start
    session.on("peerconnection", ({ peerconnection }) => this.connects(session, peerconnection));
    session.on("confirmed", () => this.told.speaks(session.connection));
    session.on("ended", ({ message, cause }) => this.ends(session, message?.getHeader?.("Reason") ?? cause));
    session.on("failed", ({ cause }) => this.ends(session, cause));
    if (comesIn) this.told.rings();
  }

  connects(session, connection) {
    connection.addEventListener("track", ({ streams, track }) => this.told.heard(streams[0] ?? new MediaStream([track])));
    connection.addEventListener("connectionstatechange", () => {
      if (connection.connectionState === "failed" && this.call === session) this.told.silent();
    });
  }

  ends(session, reason) {
    if (this.call !== session) return;
    this.call = null;
    this.told.over({ broke: /cause=(38|44)/.test(reason) });
  }

  get peer() {
    return { iceServers: this.servers };
  }

  answer(mediaStream) {
    if (this.call?.direction === "incoming" && !this.call.isEstablished()) this.call.answer({ mediaStream, pcConfig: this.peer });
  }

  hangUp() {
    this.call?.terminate();
  }

  // The page is going away in the middle of a call.
  leave() {
    if (this.call?.isEstablished()) this.call.terminate({ extraHeaders: [BROKEN] });
  }

  echo(mediaStream) {
    if (!this.call) this.ua.call(`sip:*40@${HOST}`, { mediaStream, pcConfig: this.peer });
  }

  mute(on) {
    if (on) this.call?.mute({ audio: true });
    else this.call?.unmute({ audio: true });
  }

  async speakInto(mediaStream) {
    const sender = this.call?.connection?.getSenders().find(({ track }) => track?.kind === "audio");
    await sender?.replaceTrack(mediaStream.getAudioTracks()[0]);
  }
}
