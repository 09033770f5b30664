exports.enrol = async (Authsignal) => {
  const { API: baseUrl, TOKEN: token } = process.env;
  const authsignal = new Authsignal({ tenantId: "local", baseUrl });
  authsignal.setToken(token);
  const { data, errorDescription } = await authsignal.totp.enroll();
  console.log(data?.uri ?? errorDescription);
};
