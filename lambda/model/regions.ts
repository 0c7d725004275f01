/** Regions, as `lib` and `lambda` both check them. */

/** The form of a Region in all partitions, such as `eu-central-1` and `eusc-de-east-1`. */
export const REGION = /^[a-z]{2,}(-[a-z]+)+-\d+$/;
