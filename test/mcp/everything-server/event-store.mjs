/** The events of a session's streams, for clients that reconnect (2025-11-25, "Resumability and Redelivery"). */
export class EventStore {
  /** Events in order; the ID of an event is its position. */
  events = [];

  async storeEvent(streamId, message) {
    this.events.push({ streamId, message });
    return String(this.events.length - 1);
  }

  async replayEventsAfter(lastEventId, { send }) {
    const { streamId } = this.events[Number(lastEventId)];
    for (const [id, event] of this.events.entries()) {
      const isNewer = id > Number(lastEventId) && event.streamId === streamId;
      // The first event of a stream has no message.
      if (isNewer && Object.keys(event.message).length > 0) await send(String(id), event.message);
    }
    return streamId;
  }
}
