// What a page's policy kept from happening: a library that calls home.
var blocked = [];
addEventListener("securitypolicyviolation", (e) => blocked.push(e.effectiveDirective + " " + e.blockedURI));
