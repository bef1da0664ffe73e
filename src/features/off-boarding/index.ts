export { ended, locking, type OffBoardingApi, offBoarding } from "./off-boarding.ts";
