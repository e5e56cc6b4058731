// An event on its way, as POST /v1/batch takes it.
export interface Message {
  type: "page" | "track" | "identify" | "group" | "alias";
  messageId: string;
  timestamp: string;
  anonymousId?: string;
  userId?: string;
  name?: string;
  event?: string;
  groupId?: string;
  previousId?: string;
  properties?: Record<string, unknown>;
  traits?: Record<string, unknown>;
  context: {
    page: Record<string, string>;
    sessionId?: string;
    consent?: { categoryPreferences: Record<string, boolean> };
    [key: string]: unknown;
  };
}
