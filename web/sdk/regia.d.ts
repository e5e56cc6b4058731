// Types of regia.js, Regia's browser library. Copy this file into your project.

/** Whatever describes an event; every field is kept. */
export type Properties = Record<string, unknown>;

/** What people said, by purpose: `{ analytics: true, marketing: false }`. */
export type Answer = Record<string, boolean>;

/** An amount in the currency's main unit: 25.90, or "25.90". */
export type Amount = number | string;

export interface Product extends Properties {
  product_id?: string;
  sku?: string;
  name?: string;
  category?: string;
  brand?: string;
  variant?: string;
  price?: Amount;
  quantity?: number;
  /** ISO 4217, such as "EUR". */
  currency?: string;
}

export interface ProductList extends Properties {
  list_id?: string;
  category?: string;
  products?: Product[];
}

export interface Cart extends Properties {
  cart_id?: string;
  products?: Product[];
  value?: Amount;
  currency?: string;
}

export interface Order extends Properties {
  order_id: string;
  /** What the order is worth to the shop; without it `total` counts. Refunds count as negative whatever the sign. */
  revenue?: Amount;
  total?: Amount;
  shipping?: Amount;
  tax?: Amount;
  discount?: Amount;
  coupon?: string;
  /** ISO 4217; without it that of `data-currency`, then the company's. */
  currency?: string;
  products?: Product[];
}

export interface Regia {
  /** A page was seen. Called by itself unless `data-pages="manual"`. */
  page(name?: string, properties?: Properties): void;
  /** Something happened. */
  track(event: string, properties?: Properties): void;
  /** Who this is, from now on. Another user id than before starts a new visitor. */
  identify(userId: string | number, traits?: Properties): void;
  identify(traits: Properties): void;
  /** The person belongs to a group, such as a company. */
  group(groupId: string | number, traits?: Properties): void;
  /** Two names are one person; without previousId the visitor's. */
  alias(userId: string | number, previousId?: string): void;
  /** Sign-out: the next call is a new visitor's. */
  reset(): void;

  /** What people answered; undefined as long as nobody asked. */
  consent(): Answer | undefined;
  /** People answered: yes or no to being recognised, or by purpose. What is not named keeps its answer. */
  consent(choice: boolean | Answer): Answer;

  /**
   * Shows a survey in a corner of the page; without a key whatever a rule planned for this visitor, if anything.
   * Nobody is asked more often than the company allows. About: `{ about, orderId, productId }`.
   */
  survey(key?: string, about?: { about?: string; orderId?: string; productId?: string }): void;

  /** The visitor's id, for calls from the server; undefined where nobody may be recognised. */
  anonymousId(): string | undefined;
  /** Sends what waits. Settles when there is nothing left, or the server must be waited for. */
  flush(): Promise<void>;

  productsSearched(search: Properties & { query: string }): void;
  productListViewed(list: ProductList): void;
  productViewed(product: Product): void;
  productClicked(product: Product): void;
  productAdded(product: Product): void;
  productRemoved(product: Product): void;
  cartViewed(cart: Cart): void;
  checkoutStarted(order: Partial<Order>): void;
  couponApplied(coupon: Properties): void;
  /** Told twice for the same order_id within a day, it counts once. */
  orderCompleted(order: Order): void;
  orderRefunded(order: Order): void;
  orderCancelled(order: Order): void;

  /** Set once the library is there; before, calls are kept. */
  readonly version?: string;
}

declare global {
  interface Window {
    regia: Regia;
  }
  const regia: Regia;
}
