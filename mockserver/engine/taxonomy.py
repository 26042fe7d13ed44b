"""What passages are about: subjects in the IAB's content taxonomy, and what may be unsafe, each with its words."""

from __future__ import annotations

SUBJECTS = {
    "Automotive>AutoType>ElectricVehicles": "electric car;electric vehicle;tesla;charging station;ev",
    "Automotive>AutoSafety": "seat belt;airbag;crash test;car safety",
    "Automotive": "car;vehicle;engine;driver;truck;garage;mechanic;tire;motorcycle;automobile;gas station;windshield",
    "BooksAndLiterature": "book;novel;author;poem;poetry;writer;publisher;chapter;bestseller;library;reader",
    "BusinessAndFinance>Business>BusinessOperations": (
        "meeting;agenda;office;operation;process;workflow;headquarters;meeting room;team;department;manager"
    ),
    "BusinessAndFinance>Business>Logistics": (
        "shipment;shipping;warehouse;package;delivery;courier;freight;cargo;parcel;supply chain;tracking number"
    ),
    "BusinessAndFinance>Business>Sales": (
        "sale;customer;client;deal;quote;discount;lead;prospect;contract;order;salesperson"
    ),
    "BusinessAndFinance>Business>MarketingAndAdvertising": (
        "marketing;advertising;campaign;brand;advertisement;audience;slogan;billboard"
    ),
    "BusinessAndFinance>Business>BusinessAccountingAndFinance": (
        "invoice;accounting;accountant;bookkeeping;budget;audit;expense;balance sheet;revenue;quarterly"
    ),
    "BusinessAndFinance>Business>BusinessAdministration": "deadline;paperwork;approval;planning;policy;review;report",
    "BusinessAndFinance>Business>HumanResources": (
        "hiring;employee;payroll;recruiter;onboarding;human resource;vacation day;staff"
    ),
    "BusinessAndFinance>Business>Startups": "startup;founder;venture capital;seed round;pitch deck;entrepreneur",
    "BusinessAndFinance>Economy": "economy;inflation;interest rate;unemployment;recession;gdp;economist;central bank",
    "BusinessAndFinance>Industries>AgricultureIndustry": "farm;farmer;crop;harvest;tractor;livestock;agriculture",
    "BusinessAndFinance>Industries>AirlineIndustry": "airline;airliner;airplane;boeing;airbus",
    "BusinessAndFinance>Industries>EnergyIndustry": (
        "solar;wind turbine;oil;power plant;electricity;nuclear;renewable;energy;natural gas"
    ),
    "BusinessAndFinance>Industries>TelecommunicationsIndustry": "telecom;phone company;broadband;carrier;landline",
    "BusinessAndFinance>Industries>RealEstateIndustry": "property market;housing market;commercial property",
    "BusinessAndFinance>Industries>RetailIndustry": "retail;retailer;store;shop;supermarket;mall",
    "Careers>JobSearch": "job;resume;interview;applicant;career;vacancy;cover letter;recruitment;job offer",
    "Careers": "profession;colleague;promotion;salary;workplace;remote work;occupation;engineer;consultant",
    "Education>CollegeEducation": "college;university;professor;campus;degree;semester;tuition;lecture;student",
    "Education>PrimaryEducation": "school;teacher;classroom;pupil;kindergarten;homework;grade;curriculum",
    "Education>LanguageLearning": "vocabulary;grammar;language course;fluent;pronunciation",
    "EventsAndAttractions>PersonalCelebrationsAndLifeEvents>Wedding": "wedding;bride;groom;honeymoon;bridesmaid",
    "EventsAndAttractions>ConcertsAndMusicEvents": "concert;festival;gig;ticket;live show",
    "EventsAndAttractions>Museums": "museum;exhibition;gallery;exhibit",
    "EventsAndAttractions>Conferences": "conference;keynote;panel;trade show;webinar",
    "FamilyAndRelationships>Parenting": "child;children;kid;baby;mother;father;parent;toddler;daughter;son;nursery",
    "FamilyAndRelationships>Dating": "dating;boyfriend;girlfriend;romance;tinder",
    "FamilyAndRelationships>MarriageAndCivilUnions": "marriage;husband;wife;spouse;anniversary",
    "FineArt": "painting;sculpture;artist;canvas;drawing;ceramics",
    "FoodAndDrink>AlcoholicBeverages": "wine;beer;whiskey;cocktail;vodka;brewery;vineyard",
    "FoodAndDrink>NonAlcoholicBeverages": "coffee;tea;juice;lemonade;espresso;latte;cappuccino",
    "FoodAndDrink>Cooking": "recipe;cook;cooking;oven;ingredient;bake;baking;kitchen;frying pan;simmer",
    "FoodAndDrink>DiningOut": "restaurant;menu;waiter;chef;dinner;lunch;breakfast;takeout;reservation",
    "FoodAndDrink>HealthyCookingAndEating": "salad;vegetable;fruit;organic food;protein;vitamin;nutrition",
    "HealthyLiving>FitnessAndExercise": "exercise;gym;workout;yoga;jogging;fitness;push-up;treadmill",
    "HealthyLiving>Wellness": "meditation;mindfulness;wellness;sleep;relaxation;stress",
    "HobbiesAndInterests>ArtsAndCrafts": "knitting;sewing;craft;pottery;embroidery",
    "HobbiesAndInterests>ContentProduction>AudioProduction": (
        "recording;microphone;podcast;transcription;transcript;transcribe;audio;voice;caption"
    ),
    "HobbiesAndInterests>Photography": "photo;photograph;camera;lens;photographer;tripod",
    "HobbiesAndInterests>GamesAndPuzzles": "chess;puzzle;board game;crossword;card game",
    "HomeAndGarden>Gardening": "garden;gardening;plant;soil;tree;root;flower;seed;lawn;compost;prune;bucket;water the",
    "HomeAndGarden>HomeImprovement": "renovation;plumber;paint the;roof;flooring;drill;wallpaper;bathroom;remodel",
    "HomeAndGarden>InteriorDecorating": "sofa;curtain;furniture;carpet;lamp;cushion",
    "HomeAndGarden>Landscaping": "trench;pavement;driveway;hedge;patio;landscape",
    "MedicalHealth>DiseasesAndConditions": (
        "disease;diabetes;cancer;infection;symptom;virus;asthma;covid;flu;arthritis;blood pressure;diagnosis"
    ),
    "MedicalHealth>MedicalServices": (
        "hospital;doctor;nurse;surgery;patient;clinic;ambulance;therapy;prescription;appointment"
    ),
    "MedicalHealth>DentalHealth": "dentist;dental;tooth;teeth;filling;root canal;gums",
    "MedicalHealth>Pharmaceuticals": "medication;drug trial;vaccine;antibiotic;pharmacy;pill;ibuprofen;aspirin",
    "Movies": "movie;film;director;cinema;actor;actress;screenplay;hollywood;trailer",
    "MusicAndAudio": "music;song;album;guitar;piano;band;singer;orchestra;melody;drummer",
    "MusicAndAudio>TalkRadio": "radio;show;broadcast;listener;host;episode",
    "NewsAndPolitics>Politics": (
        "politics;president;government;senator;congress;parliament;minister;policy maker;mayor;campaign trail;"
        "legislation;democrat;republican"
    ),
    "NewsAndPolitics>Politics>Elections": "election;vote;voter;ballot;candidate;poll",
    "NewsAndPolitics>Law": "lawyer;court;judge;lawsuit;attorney;legal;verdict;trial;jury;regulation",
    "NewsAndPolitics>Crime": "crime;murder;robbery;police;arrest;prison;burglary;suspect;theft",
    "NewsAndPolitics>Disasters": "earthquake;hurricane;flood;wildfire;tornado;tsunami;evacuation;avalanche",
    "NewsAndPolitics>InternationalNews": "foreign minister;embassy;united nations;treaty;ambassador;border;refugee",
    "NewsAndPolitics>Weather": (
        "weather;rain;snow;storm;temperature;sunny;cloud;forecast;degree;wind;humidity;heat wave;afternoon heat;"
        "smoke;air quality"
    ),
    "PersonalFinance>ConsumerBanking": (
        "bank;bank account;deposit;checking account;atm;credit card;debit card;wire transfer"
    ),
    "PersonalFinance>Insurance": "insurance;premium;deductible;insurer;coverage;claim adjuster",
    "PersonalFinance>Investing": (
        "stock;investor;bond;portfolio;dividend;share price;bitcoin;investment;stock market;fund"
    ),
    "PersonalFinance>HomeUtilities": "electric bill;water bill;utility bill;sewer;meter reading",
    "PersonalFinance>TaxPlanning": "tax;tax return;irs;deduction;refund",
    "PersonalFinance>PersonalDebt>Mortgages": "mortgage;loan;lender;refinance;down payment",
    "PersonalFinance>FrugalLiving": "save money;saves money;cheap;cheapest;coupon;bargain;money",
    "Pets>Dogs": "dog;puppy;leash;kennel;dog food",
    "Pets>Cats": "cat;kitten;litter box",
    "Pets>Veterinary": "vet;veterinarian;pet;aquarium;hamster",
    "PopCulture>CelebrityNews": "celebrity;red carpet;paparazzi;gossip;superstar",
    "RealEstate>Apartments": "apartment;rent;landlord;tenant;lease;roommate",
    "RealEstate>HousesForSale": "house;realtor;real estate;home buyer;neighborhood;mortgage broker;street",
    "ReligionAndSpirituality": (
        "church;god;prayer;bible;mosque;temple;faith;pastor;spiritual;buddhism;islam;christianity"
    ),
    "Science>BiologicalSciences": "biology;cell;dna;gene;species;evolution;protein folding;bacteria",
    "Science>Environment": (
        "climate;climate change;pollution;environment;ecosystem;recycling;carbon;emission;sustainable;city tree;"
        "rain water;biodiversity;conservation"
    ),
    "Science>SpaceAndAstronomy": "space;planet;rocket;nasa;astronaut;telescope;galaxy;satellite;moon;mars",
    "Science>Physics": "physics;quantum;particle;gravity;atom;relativity",
    "Science>Geography": "river;mountain;ocean;continent;island;geography;city;map",
    "Shopping>OnlineShopping": "shopping cart;checkout;order number;online store;amazon;purchase;return policy",
    "Sports>AmericanFootball": "quarterback;touchdown;nfl;super bowl;linebacker",
    "Sports>Baseball": "baseball;pitcher;home run;inning",
    "Sports>Basketball": "basketball;nba;slam dunk;three-pointer",
    "Sports>Soccer": "soccer;goalkeeper;world cup;penalty kick;midfielder;football",
    "Sports>Tennis": "tennis;wimbledon;racket;grand slam",
    "Sports": "athlete;coach;tournament;championship;stadium;olympics;league;marathon;referee;training camp",
    "StyleAndFashion": "fashion;dress;shirt;jacket;designer;shoe;makeup;jewelry;hairstyle;perfume",
    "TechnologyAndComputing>ArtificialIntelligence": (
        "artificial intelligence;ai;machine learning;neural network;language model;chatbot;speech recognition;"
        "deep learning;transcription server"
    ),
    "TechnologyAndComputing>Computing>ComputerSoftwareAndApplications": (
        "software;app;version;update;dashboard;release;feature;bug;download;install;spreadsheet;click;button"
    ),
    "TechnologyAndComputing>Computing>ComputerNetworking": "network;router;wifi;server;bandwidth;firewall;ethernet",
    "TechnologyAndComputing>Computing>Internet>CloudComputing": "cloud;aws;kubernetes;data center;docker",
    "TechnologyAndComputing>Computing>Internet>EmailAndMessaging": "email;inbox;message;chat;newsletter;text message",
    "TechnologyAndComputing>Computing>Internet>SocialNetworking": (
        "facebook;twitter;instagram;social media;tiktok;linkedin"
    ),
    "TechnologyAndComputing>Computing>InformationAndNetworkSecurity": (
        "password;hacker;encryption;malware;phishing;cybersecurity;data breach;two-factor"
    ),
    "TechnologyAndComputing>Computing>ProgrammingLanguages": (
        "python;javascript;programming;code;developer;compiler;java;source code;api"
    ),
    "TechnologyAndComputing>ConsumerElectronics>Smartphones": "smartphone;iphone;android;phone;mobile;sim card",
    "TechnologyAndComputing>ConsumerElectronics": "laptop;tablet;headphones;battery;television set;charger;computer",
    "TechnologyAndComputing>Robotics": "robot;robotics;drone;automation",
    "TechnologyAndComputing>VirtualReality": "virtual reality;vr;augmented reality",
    "Television": "tv;television;sitcom;streaming;series finale;netflix;season",
    "Travel>TravelType>AirTravel": "flight;airport;boarding;gate agent;luggage;pilot;plane;layover;takeoff",
    "Travel>TravelType>HotelsAndMotels": "hotel;motel;check-in;room service;hostel;suite",
    "Travel>TravelType>RailTravel": "train;railway;train station;subway;platform ticket",
    "Travel>TravelType>BeachTravel": "beach;resort;surf;swimsuit;seaside",
    "Travel": "travel;trip;tourist;vacation;passport;itinerary;sightseeing;cruise;holiday",
    "VideoGaming": "video game;gamer;console;playstation;xbox;nintendo;esports",
}
"""Paths of subjects; their words, in the singular, are separated by semicolons."""

HAZARDS = {
    "accidents": (
        "accident;car crash;collision;collided;wreck;derailed;derailment;plane crash;fell off;drowned;hit by a car;"
        "workplace accident;explosion;crash landing"
    ),
    "alcohol": (
        "alcohol;alcoholic;beer;wine;whiskey;vodka;drunk;liquor;cocktail;champagne;tequila;brewery;hangover;booze;"
        "hungover;rum;gin"
    ),
    "crime_violence": (
        "crime;criminal;murder;murdered;killed;kill;killing;robbery;robbed;assault;assaulted;stabbed;kidnapped;"
        "homicide;theft;stolen;burglary;arrested;violence;violent;rape;raped;beaten up;shooting;shot dead;gang;"
        "hostage;manslaughter"
    ),
    "disasters": (
        "disaster;earthquake;hurricane;flood;flooding;wildfire;tornado;tsunami;landslide;drought;eruption;avalanche;"
        "famine;cyclone;typhoon;blizzard"
    ),
    "drugs": (
        "cocaine;heroin;methamphetamine;meth;lsd;ecstasy;overdose;fentanyl;drug dealer;opioid;crack cocaine;"
        "drug abuse;drug addict;illegal drug;ketamine;amphetamine;narcotic"
    ),
    "financials": (
        "stock;stock market;share price;investor;investment;dividend;earnings;revenue;quarterly result;profit margin;"
        "bankruptcy;bond market;interest rate;inflation;shareholder;fiscal;loan;mortgage;hedge fund;cryptocurrency"
    ),
    "gambling": (
        "gambling;gamble;casino;betting;poker;roulette;slot machine;jackpot;lottery;bookmaker;sportsbook;blackjack"
    ),
    "hate_speech": (
        "racial slur;white supremacy;white supremacist;neo-nazi;subhuman;go back to your country;ethnic cleansing;"
        "racist;antisemitic;xenophobic;homophobic"
    ),
    "health_issues": (
        "cancer;diabetes;disease;illness;hospital;surgery;infection;virus;covid;pandemic;asthma;heart attack;stroke;"
        "depression;symptom;pneumonia;tumor;chemotherapy;diagnosis;diagnosed;arthritis;migraine;chronic pain;"
        "respiratory;cardiovascular"
    ),
    "manga": "manga;anime;otaku;shonen;cosplay;naruto;one piece;dragon ball",
    "marijuana": "marijuana;cannabis;weed dealer;smoking weed;joint of weed;thc;pot smoker;edible;hashish;bong;cbd oil",
    "negative_news": (
        "layoff;laid off;recession;scandal;lawsuit;death toll;casualties;victim;crisis;bankrupt;unemployment;"
        "corruption;fraud;war;refugee;outbreak;air quality alert;breaking news;evacuated"
    ),
    "nsfw": "nude;naked;nudity;sexual;stripper;strip club;lingerie;orgasm;erotic;sex toy;topless",
    "pornography": "porn;pornography;pornographic;pornhub;adult film;porn star;sex tape;xxx",
    "profanity": "",
    "sensitive_social_issues": (
        "abortion;racism;immigration;gun control;death penalty;transgender right;gay right;suicide;police brutality;"
        "discrimination;domestic abuse;sexism;genocide;sexual harassment;euthanasia;slavery;black lives matter;"
        "child abuse;inequality"
    ),
    "terrorism": (
        "terrorism;terrorist;suicide bomber;bombing;isis;al qaeda;jihadist;car bomb;extremist;terror attack;hijacker"
    ),
    "tobacco": "cigarette;tobacco;cigar;smoking;vape;vaping;nicotine;smoker;e-cigarette;chewing tobacco",
    "weapons": (
        "gun;weapon;rifle;pistol;firearm;shotgun;ammunition;bullet;machine gun;grenade;bomb;missile;knife attack;"
        "handgun;assault rifle;revolver"
    ),
}
"""What may be unsafe to show beside an advertisement, with its words; swear words stand for profanity."""

UNRATED_HAZARDS = frozenset(["financials", "manga", "gambling", "negative_news"])
"""Hazards that have no severity."""
