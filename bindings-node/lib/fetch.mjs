import adapter from './fetch.js';

export const { readBody, receive, receiveDevice, receiveSync, respond } = adapter;
