//! English.

use super::{
    Account, Around, Common, Consent, Date, Demo, Failure, Login, Message, Messages, Notices, Problems,
    SecondFactor, SelectAccount, SignOut, Texts,
};

pub(crate) static TEXTS: Texts = Texts {
    common: Common {
        error_prefix: "Error: ",
        skip: "Skip to content",
        language: "Language of this page",
        or: "or",
        cancel: "Cancel",
        proceed: "Continue",
        begin_again: "Start again",
        try_again: "Try again",
        too_many: "Too many attempts.",
        wait,
        passkey: "Use a passkey",
        passkey_failed: "We could not use your passkey. Try again, or sign in another way.",
        sealed_by: "Secured by",
    },
    date: Date {
        months: [
            "January",
            "February",
            "March",
            "April",
            "May",
            "June",
            "July",
            "August",
            "September",
            "October",
            "November",
            "December",
        ],
    },
    login: Login {
        title: "Sign in",
        to_continue: Around("Use your account to continue to ", "."),
        to_account: "Use your account to see your devices, your permissions and your security.",
        tenant: "Organisation",
        choose_tenant: "Choose your organisation",
        username: "Username",
        password: "Password",
        submit: "Sign in",
        check_address: "Before you type your password, check the address in your browser’s bar.",
        wrong_credentials: "Wrong username or password. Check them and try again.",
        missing: "Fill in every field to sign in.",
        missing_tenant: "Choose your organisation.",
        wrong_passkey: "That passkey was not accepted. Try again, or sign in another way.",
    },
    second_factor: SecondFactor {
        title: "Confirm it’s you",
        lead: Around("One more step to sign in as ", "."),
        code: "6-digit code",
        code_hint: "Open your authenticator app and type the code that it shows now.",
        submit: "Confirm",
        no_phone: "Use a recovery code",
        recovery_code: "Recovery code",
        recovery_hint: "One of the codes that you kept when you set up your account. Each works once.",
        recovery_submit: "Sign in with this code",
        passkey_lead: "Use the passkey that you registered: fingerprint, face, device PIN or security key.",
        wrong_code: "That code is wrong or was used already. Wait for the next one and try again.",
        wrong_recovery_code: "That recovery code is wrong or was used already. Check it and try again.",
    },
    select_account: SelectAccount {
        title: "Which account?",
        lead: Around("You are about to enter ", "."),
        as_person: "Continue as",
        other: "Use another account",
    },
    consent: Consent {
        title: "Allow access",
        heading: Around("", " wants to access your account"),
        signed_in_as: "Account",
        switch: "Switch account",
        will: "If you allow it, this application will be able to:",
        already: "What you allowed before",
        nothing_new: "This application only wants to confirm that it is you who is signing in.",
        scope: Around("Access known as “", "”"),
        destination: Around("You will then return to ", "."),
        revocable: "You can take this permission back at any time on your account page.",
        allow: "Allow",
        refuse: "Don’t allow",
    },
    account: Account {
        title: "Your account",
        greeting: Around("Hello, ", ""),
        lead: "See where you are signed in, what you have allowed, and how your account is protected.",
        sections: "Sections of this page",
        problem_title: "That did not work",
        devices: Message {
            title: "Devices",
            text: "You are signed in with these browsers. If you don’t recognise one, end it and change your password.",
        },
        this_device: "This device",
        signed_in: "Signed in",
        last_seen: "Last used",
        end_session: "End",
        applications: Message {
            title: "Allowed applications",
            text: "These applications act on your behalf. Take the permission back and their access ends at once.",
        },
        time_zone: "Dates and times are in UTC.",
        no_applications: "You have not allowed any application yet.",
        allowed_since: "Allowed",
        revoke: "Take permission back",
        password: Message {
            title: "Password",
            text: "Changing your password signs you out on every other device.",
        },
        change_password: "Change password",
        current_password: "Current password",
        new_password: "New password",
        repeated_password: "Repeat the new password",
        password_hint,
        totp: Message {
            title: "Authenticator app",
            text: "Besides your password we ask for a code that only your phone shows. A stolen password is then not enough.",
        },
        totp_start: "Set up an app",
        totp_scan: "Open the authenticator app on your phone and point its camera at this code.",
        totp_qr: "QR code with your account’s key; if you cannot scan it, type the key below into the app.",
        totp_key: "Can’t scan the code? Type this key into the app:",
        totp_type: "Type the 6-digit code that the app shows now.",
        totp_confirm: "Turn on",
        totp_active: "On since",
        totp_remove: "Remove the authenticator app",
        passkeys: Message {
            title: "Passkeys",
            text: "Sign in with your fingerprint, face, device PIN or a security key. There is no password for anyone to steal.",
        },
        no_passkeys: "You have no passkeys yet.",
        added: "Added",
        remove: "Remove",
        passkey_name: "Name of the new passkey",
        passkey_name_hint: "So that you recognise it later. For example: Ana’s phone.",
        add_passkey: "Add a passkey",
        passkeys_unsupported: "To add a passkey, use a browser that supports passkeys, with JavaScript on.",
        recovery: Message {
            title: "Recovery codes",
            text: "They let you in when you are without your phone or your passkey. Keep them somewhere safe, not on the phone.",
        },
        recovery_left,
        recovery_fresh: "Keep these codes now: they will not be shown again. Each works once.",
        recovery_make: "Make codes",
        recovery_replace: "Make new codes and void the present ones",
        leave: Message {
            title: "Sign out",
            text: "Signing out everywhere also ends the access of the applications that you allowed.",
        },
        sign_out: "Sign out on this device",
        sign_out_everywhere: "Sign out everywhere",
        notice: Notices {
            session_ended: "Done: access on that device has ended.",
            application_revoked: "Done: the application has no access to your account any more.",
            password_changed: "Done: your password is changed, and your other devices are signed out.",
            totp_added: "Done: from now on we ask for the app’s code when you sign in.",
            totp_removed: "Done: the authenticator app is removed.",
            passkey_added: "Done: your passkey is added.",
            passkey_removed: "Done: the passkey is removed.",
            recovery_codes_made: "Done: your new recovery codes are below.",
        },
        problem: Problems {
            wrong_password: "The current password is wrong.",
            password_too_short,
            password_too_common: "That password is easy to guess or was used before. Choose another.",
            passwords_differ: "The two new passwords are not the same.",
            passkey: "The passkey could not be added. Try again.",
            last_way_in: "This is the only way into your account. Set up another before you remove it.",
        },
    },
    sign_out: SignOut {
        title: "Sign out of your account?",
        asked_by: Around("", " asked to end your access."),
        lead: "You will have to sign in again to use your account in this browser.",
        submit: "Sign out",
        stay: "Stay signed in",
        done: Message {
            title: "You are signed out",
            text: "Your access in this browser has ended. If the computer is not yours, close all its windows too.",
        },
        telling: "We are telling the applications that you used.",
        back_to: Around("Return to ", ""),
        frame: "Tells an application that you signed out",
    },
    failure: Failure {
        application: Message {
            title: "This application cannot use your account",
            text: "The application that brought you here is not registered, or was blocked. None of your data was \
                   shared. Go back to the application and tell its support.",
        },
        address: Message {
            title: "The return address does not match",
            text: "The application asked us to send you to an address that it did not register. To keep you safe we \
                   stopped here, and none of your data was shared. Tell the application’s support.",
        },
        request: Message {
            title: "We did not understand this request",
            text: "The application sent an incomplete or invalid request. Go back to the application and try again. If \
                   it happens again, tell its support.",
        },
        not_allowed: Message {
            title: "Your account does not allow this",
            text: "You are signed in, but your account has no access to what was asked for. Talk to whoever manages \
                   your account.",
        },
        not_found: Message {
            title: "This page does not exist",
            text: "Check the address. If a link brought you here, it may be incomplete or old.",
        },
        unavailable: Message {
            title: "We’ll be right back",
            text: "We cannot answer at the moment. Wait a little and try again: nothing that you did is lost.",
        },
        ours: Message {
            title: "Something went wrong on our side",
            text: "It was not your doing. Try again in a few minutes. If it happens again, tell support and give them \
                   the code below.",
        },
        code: "Code for support",
        detail: "For whoever develops the application",
    },
    message: Messages {
        expired: Message {
            title: "This page is out of date",
            text: "It was open for too long, or you went on in another tab. Nothing was sent. Start again: it is quick.",
        },
        cookies_off: Message {
            title: "Your browser is not accepting cookies",
            text: "Without them we cannot tell from one page to the next that it is you. We use only what is \
                   indispensable: none follows what you do on other sites.",
        },
        cookies_how: [
            "Open your browser’s privacy settings.",
            "Allow cookies for this address.",
            "Come back to this page and continue.",
        ],
        too_many: Message {
            title: "Too many attempts",
            text: "To protect your account we have to wait a little. Nothing that you did is lost.",
        },
        form_post: Message {
            title: "Just a moment",
            text: "Your browser did not go on by itself. Press the button to continue.",
        },
        form_post_to: Around("Taking you back to ", "."),
    },
    demo: Demo {
        title: "Watch the flow from inside",
        lead: "This little application signs you in step by step and shows everything that it and the server say to \
               each other. Choose who it talks to.",
        start: Around("Start with ", ""),
        users: "To sign in, use",
        username: "Username",
        password: "Password",
        steps: "Steps",
        step: |number, of| format!("Step {number} of {of}"),
        done: "done",
    },
};

fn wait(seconds: u64) -> String {
    let time = match seconds {
        0 | 1 => "1 second".to_owned(),
        2..120 => format!("{seconds} seconds"),
        _ => format!("{} minutes", seconds.div_ceil(60)),
    };
    format!("Wait {time} and try again.")
}

fn password_hint(minimum: u32) -> String {
    format!("At least {minimum} characters. A phrase that only you would say beats a difficult word.")
}

fn password_too_short(minimum: u32) -> String {
    format!("The new password needs at least {minimum} characters.")
}

fn recovery_left(left: usize) -> String {
    match left {
        0 => "You have no codes.".to_owned(),
        1 => "1 unused code is left.".to_owned(),
        _ => format!("{left} unused codes are left."),
    }
}
