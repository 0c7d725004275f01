/** Host names, as URLs have them: in lowercase, and no addresses. */

export const HOST_NAME =
  /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/;

/** URLs read a host that ends so as an IPv4 address, such as 2130706433 (URL Standard, "ends-in-a-number checker"). */
const ENDS_IN_A_NUMBER = /(^|\.)(\d+|0x[0-9a-f]*)$/;

export const isHostName = (text: string): boolean => HOST_NAME.test(text) && !ENDS_IN_A_NUMBER.test(text);
